import Evaluation
import Learning
import Tensors

/// Weights that were kept at some places of a stream, each scored on later stretches by the newest memory, beside the learner that
/// went on: what a version loses that serves while the stream goes on.
struct FrozenWatch {
  private struct Kept {
    let since: Int
    let predictor: Predictor
    var metrics: StreamMetrics
  }

  private let task: EvaluationTask
  private let every: Int
  private let stream: String
  private var count = 0
  private var live: StreamMetrics
  private var kept: [Kept] = []

  init(_ task: EvaluationTask, every: Int, stream: String) {
    (self.task, self.every, self.stream) = (task, every, stream)
    live = StreamMetrics(task: task)
  }

  /// Before the batch is learned, and after the learner has answered it.
  mutating func score(_ batch: FeatureBatch, _ model: RecipeModel) throws {
    if count / every != (count - batch.count) / every || count == 0 { try turn(model) }
    count += batch.count
    if let outputs = model.outputs.baseAddress {
      live.add(outputs: outputs, labels: batch.labels, count: batch.count)
    }
    for place in kept.indices {
      kept[place].predictor.predict(batch)
      if let outputs = kept[place].predictor.outputs.baseAddress {
        kept[place].metrics.add(outputs: outputs, labels: batch.labels, count: batch.count)
      }
    }
  }

  /// A stretch is over: says what it came to, and keeps the weights as they are.
  private mutating func turn(_ model: RecipeModel) throws {
    guard count > 0 else { return }
    for place in kept.indices {
      try report(kept[place])
      kept[place].metrics = StreamMetrics(task: task)
    }
    live = StreamMetrics(task: task)
    let frozen = try model.frozen()
    kept.append(
      Kept(
        since: count, predictor: Predictor(frozen, memory: model.memory, batchCapacity: model.batchCapacity),
        metrics: StreamMetrics(task: task)))
  }

  private func report(_ one: Kept) throws {
    guard let loss = task == .regression ? one.metrics.mae : one.metrics.meanLoss,
      let own = task == .regression ? live.mae : live.meanLoss
    else { return }
    try BenchReport(
      workload: "recipe-frozen",
      params: [
        "stream": stream, "frozen_after": "\(one.since)", "until": "\(count)", "loss": "\(loss)",
        "live": "\(own)",
      ],
      samples: [loss - own], unit: task == .regression ? "absolute error" : "log loss"
    ).emit()
  }
}
