// The imports of a TypeScript source, as a parser sees them: static, re-exported, dynamic, and those
// that only types make, which leave no trace in what runs.
import { parseSync, Visitor } from "oxc-parser";

/** What the architecture needs to know about one source file. */
export interface Source {
  /** From the project's folder, with slashes: `src/domain/Message.ts`. */
  readonly path: string;
  readonly text: string;
  readonly imports: ReadonlyArray<string>;
  /** Whether it declares anything of its own, or only passes on what others export. */
  readonly isBarrel: boolean;
}

const passesOn = new Set([
  "ExportAllDeclaration",
  "ExportNamedDeclaration",
  "ImportDeclaration",
  "EmptyStatement",
]);

/** Parses a file; throws when it is no TypeScript. */
export const readSource = (path: string, text: string): Source => {
  const { errors, program } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path} cannot be parsed: ${error.message}`);
  const imports = new Set<string>();
  new Visitor({
    ImportDeclaration: (node) => void imports.add(node.source.value),
    ExportAllDeclaration: (node) => void imports.add(node.source.value),
    ExportNamedDeclaration: (node) => {
      if (node.source !== null) imports.add(node.source.value);
    },
    ImportExpression: ({ source }) => {
      imports.add(
        source.type === "Literal" && typeof source.value === "string" ? source.value : "(computed)",
      );
    },
    TSImportType: (node) => void imports.add(node.source.value),
    TSExternalModuleReference: (node) => void imports.add(node.expression.value),
    CallExpression: ({ arguments: [first], callee }) => {
      const isRequire = callee.type === "Identifier" && callee.name === "require";
      if (isRequire && first?.type === "Literal" && typeof first.value === "string") {
        imports.add(first.value);
      }
    },
  }).visit(program);
  const isBarrel =
    program.body.some((node) => node.type.startsWith("Export")) &&
    program.body.every(
      (node) =>
        passesOn.has(node.type) &&
        !(node.type === "ExportNamedDeclaration" && node.declaration !== null),
    );
  return { path, text, imports: [...imports], isBarrel };
};
