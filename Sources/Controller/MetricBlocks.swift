import Evaluation
import Foundation
import Pipelines
import Vocabulary

/// Windows of steps taken together until they have enough records: one figure each, held against those before. A rule.
///
/// Blocks do not overlap: the best of figures that share most of their records would be the luckiest.
struct MetricBlocks {
  struct Drop: Hashable {
    /// The newest block's, and what it is held against.
    var now: Double
    var before: Double
    var records: Int64
  }

  private let settings: RetrainSettings.MetricDrop
  /// What has come of the next block.
  private var open: StreamMetrics?
  private var blocks: [(at: Date, value: Double, records: Int64)] = []
  /// More are not held against the newest, the oldest go first.
  private static let blocksMax = 1000

  init(_ settings: RetrainSettings.MetricDrop) { self.settings = settings }

  /// Takes in the next window.
  ///
  /// - Returns: Whether a block is whole with it.
  mutating func add(_ window: StreamMetrics, at time: Date) -> Bool {
    if open == nil || open?.task != window.task { open = StreamMetrics(task: window.task) }
    open?.merge(window)
    guard let block = open, block.records >= settings.recordsMin else { return false }
    open = nil
    guard let value = Self.value(settings.measure, Measures(block)) else { return false }
    blocks.append((time, value, block.records))
    if blocks.count > Self.blocksMax { blocks.removeFirst() }
    return true
  }

  /// How much worse the newest block is; nil: it is not, or there is nothing to hold it against.
  var drop: Drop? {
    guard let now = blocks.last else { return nil }
    let earlier = blocks.dropLast()
    let before: Double
    if let span = settings.span {
      let since = now.at.addingTimeInterval(-span.seconds)
      let known = earlier.filter { $0.at >= since }
      let records = known.reduce(0.0) { $0 + Double($1.records) }
      guard records > 0 else { return nil }
      before = known.reduce(0) { $0 + $1.value * Double($1.records) } / records
    } else {
      guard let best = settings.measure.isCost ? earlier.map(\.value).min() : earlier.map(\.value).max() else {
        return nil
      }
      before = best
    }
    let worse = settings.measure.isCost ? now.value - before : before - now.value
    return worse >= settings.by ? Drop(now: now.value, before: before, records: now.records) : nil
  }

  private static func value(_ measure: RetrainSettings.MetricDrop.Measure, _ measures: Measures) -> Double? {
    switch measure {
    case .loss: measures.loss
    case .auc: measures.auc
    case .accuracy: measures.accuracy
    case .macroF1: measures.macroF1
    case .mae: measures.mae
    case .rmse: measures.rmse
    }
  }
}
