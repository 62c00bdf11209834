import Foundation
import Learning
import Pipelines

extension Workload {
  /// The flights of the repository, test-then-train: from the file through decoder and learner, labels at once.
  static let flights = Workload(
    name: "flights",
    summary: "learn the flights test-then-train from a file: records a second",
    flags: [
      BenchFlag("threads", "1|2", "1", "With two, one reads and one learns."), .streamBatch,
      BenchFlag("model", "mlp|quickstart", "mlp", "The network that peers have too, or the pipeline's own."),
      BenchFlag("samples", "n", "5", "Runs to measure."),
      BenchFlag("file", "path", "Pipelines/data/flights.jsonl.zst", "The records."),
      BenchFlag("pipeline", "path", "Pipelines/network.yaml", "The pipeline file that describes them."), .clock,
    ],
    run: runFlights)
}

@Sendable private func runFlights(_ options: inout BenchOptions) throws {
  let threads = try options.int("threads")
  let batch = try options.int("batch")
  let samples = try options.int("samples")
  let model = options.string("model")
  let file = options.string("file")
  let description = options.string("pipeline")
  let clock = try BenchClock(flag: options.string("clock"))
  guard threads <= 2 else { throw BenchError("--threads is 1 or 2") }
  guard ["mlp", "quickstart"].contains(model) else { throw BenchError("--model is mlp or quickstart") }
  let text = try String(contentsOfFile: description, encoding: .utf8)
  var pipeline = try PipelineParser.parse(text: text, fileName: description) { _ in nil }
  // Hashed rows alone, as the peers have them, so that each can be proved.
  for place in pipeline.schema.features.indices { pipeline.schema.features[place].ownRows = 0 }
  var spec = LearnerSpec(pipeline)
  if model == "mlp" {
    // What a script of today has: embeddings and two layers of ReLU, Adam, and Adagrad for the tables.
    spec.hidden = [64, 32]
    spec.activation = .relu
    spec.wide = false
    spec.optimizer = OptimizerSpec(kind: .adam, learningRate: 0.001)
    spec.embeddingOptimizer = OptimizerSpec(kind: .adagrad, learningRate: 0.05)
    spec.clipping = GradientClipping(globalNorm: 1, value: nil)
  }
  let bench = StreamBench(path: file, schema: pipeline.schema, spec: spec, batch: batch, threads: threads, clock: clock)
  try bench.report(workload: "flights", samples: samples, ["model": model]).emit()
}
