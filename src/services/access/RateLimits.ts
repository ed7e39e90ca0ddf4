/** How much each caller may ask for in a minute: one token bucket a caller, full at first. */
import { RateLimited } from "../../domain/Errors.ts";

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** Callers that are remembered; past it the one that was silent for longest is forgotten, whose bucket is the fullest. */
const maxBuckets = 10_000;

const minute = 60_000;

/** The buckets of all callers. */
export class RateLimits {
  readonly #perMinute: number;
  readonly #now: () => number;
  /** In the order of their last use. */
  readonly #buckets = new Map<string, Bucket>();

  /** `perMinute` 0 is no limit; `now` is in milliseconds and never goes back. */
  constructor(perMinute: number, now: () => number = () => performance.now()) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes so many requests at once from a caller's bucket, or none of them and says why. */
  take(key: string, requests: number): RateLimited | undefined {
    const limit = this.#perMinute;
    if (limit === 0) return undefined;
    const bucket = this.#filled(key);
    // A batch larger than the bucket could never be served else, and an empty one would give back what was taken.
    const cost = Math.max(0, Math.min(requests, limit));
    if (bucket.tokens >= cost) {
      bucket.tokens -= cost;
      return undefined;
    }
    const wait = Math.ceil(((cost - bucket.tokens) * minute) / limit);
    return new RateLimited({
      message: `At most ${limit} requests a minute are served. Wait ${wait} ms before the next one.`,
      details: { limit, retry_after_ms: wait },
    });
  }

  #filled(key: string): Bucket {
    const now = this.#now();
    const bucket = this.#buckets.get(key) ?? { tokens: this.#perMinute, filledAt: now };
    const gained = ((now - bucket.filledAt) * this.#perMinute) / minute;
    bucket.tokens = Math.min(this.#perMinute, bucket.tokens + gained);
    bucket.filledAt = now;
    this.#buckets.delete(key);
    if (this.#buckets.size >= maxBuckets) this.#forgetOldest();
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #forgetOldest(): void {
    for (const key of this.#buckets.keys()) {
      this.#buckets.delete(key);
      return;
    }
  }
}
