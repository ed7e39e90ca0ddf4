import { expect, test } from "bun:test";
import {
  clientEnvironment,
  safeEnvironment,
} from "../../../src/actors/upstreamProcess/environment.ts";

const environment = {
  PATH: "/bin",
  HOME: "/home/somebody",
  LC_ALL: "C",
  XDG_RUNTIME_DIR: "/run",
  DEWEY_DB_PASSWORD: "a-secret",
  GITHUB_TOKEN: "another",
  PGPASSWORD: "a-third",
  NOTHING: undefined,
};

test("a Dewey that serves many passes on what is harmless alone", () => {
  expect(safeEnvironment(environment)).toEqual({
    PATH: "/bin",
    HOME: "/home/somebody",
    LC_ALL: "C",
    XDG_RUNTIME_DIR: "/run",
  });
});

test("a Dewey that one client started passes on all but what is meant for Dewey", () => {
  const { DEWEY_DB_PASSWORD: _password, NOTHING: _nothing, ...rest } = environment;
  expect(clientEnvironment(environment)).toEqual(rest);
});
