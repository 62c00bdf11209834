/// One benchmark: proves its result against a reference, warms up, then prints its reports.
struct Workload: Sendable {
  let name: String
  let summary: String
  /// Runs on the main thread; may block.
  let run: @Sendable (inout BenchOptions) throws -> Void

  /// Every workload; a new one is a file and a row here.
  static let all: [Workload] = [
    step,
    infer,
    activation,
    sweep,
    peak,
    allReduce,
    ingest,
    linear,
    flights,
    endToEnd,
    checkpoint,
  ]
}
