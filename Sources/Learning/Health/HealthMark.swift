import Health
import Tensors

/// What health had counted before the batch in hand. Memory is kept from step to step.
struct HealthMark {
  /// Whether there is something to go back to.
  var isSet = false
  var rows: Int64 = 0
  var untilSample = 0
  /// By observed layer; nil: it counts nothing.
  let stats: [UnitStats?]
  var outputs: [ActivationSketch]
  /// Of the histograms; copied only where the batch may have a row for them.
  let slots: [AlignedBuffer<UInt32>]
  var hasSlots = false

  init(_ observed: [ObservedLayer], outputs: [ActivationSketch]) {
    stats = observed.map { layer in layer.stats.map { UnitStats(units: $0.units) } }
    self.outputs = outputs.map { ActivationSketch(units: $0.unitActivity.count) }
    slots = observed.map { _ in AlignedBuffer(count: 4 * ActivationSketch.exponentSlotCount) }
  }
}
