// The browser types that declarations of `effect` and of the MCP SDK mention and `bun-types` does
// not declare. Stated here so that every dependency is type-checked without the whole DOM library.

type HeadersInit = ConstructorParameters<typeof Headers>[0];
type Transferable = ArrayBuffer | MessagePort;
interface TextDecoderOptions {
  fatal?: boolean;
  ignoreBOM?: boolean;
}
