package import Evaluation
import Foundation
package import Pipelines
import Registry

/// Whether what is learned gets worse instead of better, from the tallies that grow with the stream. A rule.
///
/// A model that knows nothing answers with what is usual; one that loses half as much again over a thousand records has been
/// thrown off, by rates that are too large as a rule, or by a stream that is another one by now.
package struct DivergenceWatch: Sendable {
  /// Records that are looked at together.
  package static let records: Int64 = 1000
  /// The first ones are answered before anything is known, not even the labels' mean.
  package static let firstRecords: Int64 = 100
  /// How many times as much as by knowing nothing.
  private static let factor = 1.5

  private var mark: (records: Int64, weight: Double, lossSum: Double)?

  package init() {}

  /// - Parameter measures: Over the lineage.
  /// - Returns: What is wrong, in words; empty: nothing is; nil: there are not enough new records.
  package mutating func look(_ measures: Measures, task: EvaluationTask) -> String? {
    guard measures.records >= Self.firstRecords, let loss = measures.loss else { return nil }
    let weight = measures.weight ?? Double(measures.records)
    let now = (records: measures.records, weight: weight, lossSum: loss * weight)
    // Also where the lineage is another one by now.
    guard let before = mark, now.records >= before.records else {
      mark = now
      return nil
    }
    guard now.records - before.records >= Self.records, now.weight > before.weight else { return nil }
    mark = now
    let lost = (now.lossSum - before.lossSum) / (now.weight - before.weight)
    let known = max(measures.priorLoss ?? 0, task.ignorance)
    guard known > 0, lost > Self.factor * known else { return "" }
    let times = (lost / known * 10).rounded() / 10
    return
      "over the last \(now.records - before.records) records the model lost \(times) times as much as one that knows "
      + "nothing: it diverges, or the stream is another one by now. Smaller rates of training.optimizer, embedding_optimizer and "
      + "wide_optimizer, or those of adam and adagrad without a rate, bring it back"
  }
}

extension EvaluationTask {
  /// - Parameter found: Classes, where they are found: who knows nothing chooses among these.
  package init(_ pipeline: Pipeline, found: Int?) {
    self = EvaluationTask(pipeline)
    if case .multiclass = self, let found { self = .multiclass(max(2, found)) }
  }

  /// The loss of an answer that favours no class; of values 0.
  fileprivate var ignorance: Double {
    switch self {
    case .binary: log(2)
    case .multiclass(let classes): log(Double(classes))
    case .regression, .huber, .quantile, .poisson: 0
    }
  }
}

extension WorkerHeartbeat {
  /// Tells of a model that diverges, until it does not.
  func tellDivergence(_ watch: inout DivergenceWatch) async {
    let facts = resources.board.currentFacts
    guard facts.generation != nil, let measures = facts.measures,
      let finding = watch.look(measures, task: EvaluationTask(resources.pipeline, found: facts.classes))
    else { return }
    if finding.isEmpty {
      await resources.troubles.clear(.learning)
    } else {
      await resources.troubles.note(.learning, Trouble("diverging", finding))
    }
  }
}
