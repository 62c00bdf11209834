import Foundation
import Pipelines

/// One benchmark: proves its result against a reference, warms up, then prints its reports.
struct Workload: Sendable {
  let name: String
  /// One line.
  let summary: String
  let flags: [BenchFlag]
  /// Runs on the main thread; may block.
  let run: @Sendable (inout BenchOptions) throws -> Void

  /// Every workload; a new one is a file and a row here.
  static let all: [Workload] = [
    step,
    infer,
    answer,
    serve,
    rollback,
    activation,
    sweep,
    peak,
    allReduce,
    ingest,
    linear,
    flights,
    recipe,
    endToEnd,
    replay,
    checkpoint,
    drift, windows, health, versions, freshness, judge,
  ]

  static let usage =
    "usage: retrain-bench <workload> [--flag value] …\n\n"
    + all.map { "  \($0.name.padding(toLength: 12, withPad: " ", startingAt: 0)) \($0.summary)\n" }.joined()
    + "\nEach prints one JSON object a line, after it has proved its result against a reference.\n"
    + "'retrain-bench <workload> --help' tells its flags.\n"

  var help: String {
    "retrain-bench \(name): \(summary)\n\nusage: retrain-bench \(name) [--flag value] …\n\n"
      + flags.map(\.lines).joined()
  }

  /// The workload of that name; a mistyped one is told with the nearest.
  static func named(_ name: String) throws -> Workload {
    if let workload = all.first(where: { $0.name == name }) { return workload }
    let near = nearest(to: name, among: all.map(\.name)).map { "; did you mean '\($0)'?" } ?? ""
    throw BenchError("there is no workload '\(name)'\(near)\n\n\(usage)")
  }
}
