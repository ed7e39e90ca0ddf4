// The pages that people read, and what they are told to run and to write there.
import { join } from "node:path";

const root = join(import.meta.dir, "..", "..");

/** A fenced block of a page. */
export interface Block {
  readonly page: string;
  readonly language: string;
  readonly text: string;
}

const fence = /^ *```(\w+)\n(.*?)^ *```$/gms;

/** Every fenced block of every page that names its language. */
export const blocks = async (): Promise<ReadonlyArray<Block>> => {
  const pages = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"];
  for await (const page of new Bun.Glob("docs/**/*.md").scan({ cwd: root })) pages.push(page);
  const found = await Promise.all(
    pages.sort().map(async (page) => {
      const text = await Bun.file(join(root, page)).text();
      return Array.from(text.matchAll(fence), ([, language = "", block = ""]) => ({
        page,
        language,
        text: block,
      }));
    }),
  );
  return found.flat();
};

/** The lines that a page tells a person to type. */
export const commands = async (): Promise<ReadonlyArray<{ page: string; command: string }>> =>
  (await blocks())
    .filter(({ language }) => language === "sh")
    .flatMap(({ page, text }) =>
      text
        .replaceAll("\\\n", " ")
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "" && !line.startsWith("#"))
        .map((command) => ({ page, command })),
    );
