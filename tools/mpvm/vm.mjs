// One MicroPython interpreter (WebAssembly) in one node process, started by tools/mpvm.
//
// The first line of stdin is the job, a JSON object:
//   module  path of micropython.mjs        heap, pystack  bytes, words
//   files   {path in the VM: base64}       path, argv     new sys.path and sys.argv
//   steps   texts of the program's steps   serve          true: answer calls (see below)
// argv[0] is the path of the program in the VM. Garbage is collected only between two steps:
// in this port of MicroPython never while Python code runs.
// Exit status: the program's own (SystemExit), 1 uncaught exception, 125 the interpreter broke.
// serve: each further line of stdin is handed to mpvm_session.dispatch(); stdout then carries
// JSON lines only: {"out": text} for what the program prints, {"ready": true} once, and replies.
import fs from "node:fs";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

const BROKEN = 125;
const FLUSH_BYTES = 8192;

// A hung interpreter blocks this thread for good: a second one ends the process when its
// parent is gone, so that a killed test run leaves nothing behind.
const WATCHDOG = `
  const parent = process.ppid;
  setInterval(() => { if (process.ppid !== parent) process.kill(process.pid, "SIGKILL"); }, 1000);
`;

function writeAll(fd, data) {
  let at = 0;
  while (at < data.length) {
    try {
      at += fs.writeSync(fd, data, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error; // a full non-blocking pipe: wait for the reader
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

const emit = (message) => writeAll(1, Buffer.from(JSON.stringify(message) + "\n"));

// The interpreter hands over its output in pieces of any size, some of them cut inside a
// UTF-8 character. Whole lines go out at once: what was printed before a hang is not lost.
function outputBuffer(write) {
  let held = [];
  const flush = () => {
    if (held.length) write(Buffer.from(held));
    held = [];
  };
  const add = (bytes) => {
    for (const byte of bytes) {
      held.push(byte);
      if (byte === 10 || held.length >= FLUSH_BYTES) flush();
    }
  };
  return { add, flush };
}

function mount(fileSystem, files) {
  for (const [path, content] of Object.entries(files)) {
    fileSystem.mkdirTree(path.slice(0, path.lastIndexOf("/")) || "/");
    fileSystem.writeFile(path, Buffer.from(content, "base64"));
  }
}

// Returns the exit status that belongs to an exception which left the interpreter.
function report(error, showError) {
  if (error?.constructor?.name !== "PythonError") {
    showError(`the interpreter broke: ${error?.stack ?? error}\n`);
    return BROKEN;
  }
  // The frame of the execfile() below says nothing about the program.
  const text = error.message.replace(/^ {2}File "<stdin>".*\n/m, "");
  if (error.type === "SystemExit") {
    const code = text.trimEnd().split("\n").pop().replace(/^SystemExit: ?/, "");
    if (code === "" || code === "None") return 0;
    if (/^-?\d+$/.test(code)) return Number(code) & 0xff;
    showError(code + "\n");
    return 1;
  }
  showError(text);
  return 1;
}

async function serve(vm, lines, output) {
  vm.runPython("import mpvm_session");
  const dispatch = vm.globals.get("mpvm_session").dispatch;
  emit({ ready: true });
  for await (const line of lines) {
    const reply = dispatch(line);
    output.flush();
    writeAll(1, Buffer.from(reply + "\n"));
  }
}

async function main() {
  const watchdog = new Worker(WATCHDOG, { eval: true });
  await new Promise((resolve) => watchdog.once("online", resolve));
  watchdog.unref();

  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const job = JSON.parse((await lines.next()).value);
  const decoder = new TextDecoder();
  const output = outputBuffer(
    job.serve
      ? (bytes) => emit({ out: decoder.decode(bytes, { stream: true }) })
      : (bytes) => writeAll(1, bytes),
  );
  let status = 0;
  try {
    const { loadMicroPython } = await import(pathToFileURL(job.module));
    const vm = await loadMicroPython({
      heapsize: job.heap,
      pystack: job.pystack,
      linebuffer: false, // true holds back text without a newline, and cuts long lines
      stdout: output.add,
    });
    mount(vm.FS, job.files);
    const set = (name, list) => `sys.${name}[:] = ${JSON.stringify(list)}\n`;
    vm.runPython("import sys\n" + set("path", job.path) + set("argv", job.argv) + "del sys\n");
    for (const step of job.steps) {
      vm.FS.writeFile(job.argv[0], step);
      vm.runPython(`execfile(${JSON.stringify(job.argv[0])})`);
    }
    if (job.serve) await serve(vm, lines, output);
  } catch (error) {
    output.flush();
    status = report(error, (text) => writeAll(2, Buffer.from(text)));
  }
  output.flush();
  process.exit(status);
}

await main();
