import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
let asksForHelp = arguments.contains { ["--help", "-h"].contains($0) } || arguments.first == "help"

func fail(_ message: String, code: Int32) -> Never {
  FileHandle.standardError.write(Data((message + "\n").utf8))
  exit(code)
}

guard let name = arguments.first(where: { !["--help", "-h", "help"].contains($0) }) else {
  if asksForHelp {
    print(Workload.usage, terminator: "")
    exit(0)
  }
  fail(Workload.usage, code: 64)
}
do {
  let workload = try Workload.named(name)
  if asksForHelp {
    print(workload.help, terminator: "")
  } else {
    var options = try BenchOptions(Array(arguments.dropFirst()), workload.flags)
    try workload.run(&options)
  }
} catch let error as BenchError {
  fail("retrain-bench: \(error)", code: 64)
} catch {
  fail("retrain-bench \(name): \(error)", code: 70)
}
