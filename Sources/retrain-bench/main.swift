import Foundation

let arguments = Array(CommandLine.arguments.dropFirst())
let usage =
  "usage: retrain-bench <workload> [--flag value] …\n"
  + Workload.all.map { "  \($0.name.padding(toLength: 14, withPad: " ", startingAt: 0)) \($0.summary)\n" }.joined()

func fail(_ message: String, code: Int32) -> Never {
  FileHandle.standardError.write(Data((message + "\n").utf8))
  exit(code)
}

guard let name = arguments.first, let workload = Workload.all.first(where: { $0.name == name }) else {
  fail(usage, code: 64)
}
do {
  var options = try BenchOptions(Array(arguments.dropFirst()))
  try workload.run(&options)
} catch let error as BenchError {
  fail("retrain-bench \(name): \(error)", code: 64)
} catch {
  fail("retrain-bench \(name): \(error)", code: 70)
}
