import Tensors

/// Listens to a batch of one row on its way forward and back, at the places where layers have just computed something: what
/// it is told is what the learner computes, not a second reckoning. One thread at a time.
package final class WalkRecorder {
  enum Interest {
    /// What the search for bad records asks.
    case soundness
    /// And how large values become on the way forward.
    case sizes
    /// And every stage.
    case stages
  }

  private let interest: Interest
  private var isDetailed: Bool { interest == .stages }
  private(set) var stages: [WalkStage] = []
  /// The first place with a NaN or an infinity.
  private(set) var first: (layer: String, feature: String?)?
  /// Some place spoils a step.
  private(set) var isSpoiled = false
  /// The first place of which the sum over a step may overflow.
  private(set) var large: (layer: String, feature: String?)?
  /// Σ g² of all that is learned, and where most of it is.
  private(set) var squares = 0.0
  private(set) var steepest: (layer: String, feature: String?, squares: Double)?
  /// The pass in hand is a thinned one.
  var isThinned = false

  /// On the way forward.
  private(set) var largest = 0.0

  init(_ interest: Interest) { self.interest = interest }

  /// Nothing of it spoils a step, alone or in sum.
  var isSound: Bool { !isSpoiled && large == nil }

  func note(
    _ layer: String, _ part: WalkStage.Part, feature: String? = nil, given: WalkStage.Given = .nothing,
    _ values: UnsafePointer<Float>, _ count: Int, times factor: Float = 1
  ) {
    guard count > 0 || given != .nothing else { return }
    var tally = Tally()
    if interest != .soundness || part.isSummed || !Finiteness.isFinite(values, count) {
      for index in 0..<count {
        tally.add(Double(values[index] * factor), isInfinite: !(values[index] * factor).isFinite)
      }
    } else {
      tally.count = count
    }
    take(tally, layer, part, feature: feature, given: given)
  }

  func note(_ layer: String, _ part: WalkStage.Part, _ value: Double) {
    var tally = Tally()
    tally.add(value, isInfinite: !value.isFinite)
    take(tally, layer, part, feature: nil, given: .nothing)
  }

  /// The gradient by some blocks, or the blocks themselves, within the vector of all parameters.
  func note(
    _ layer: String, _ part: WalkStage.Part, _ blocks: [ParameterBlock], in vector: UnsafePointer<Float>
  ) {
    guard !blocks.isEmpty else { return }
    var tally = Tally()
    for block in blocks {
      if isDetailed {
        for input in 0..<block.inputs {
          for output in 0..<block.outputs {
            let value = vector[block.index(input, output)]
            tally.add(Double(value), isInfinite: !value.isFinite)
          }
        }
      } else {
        // What pads a block is zero.
        for index in block.range { tally.add(Double(vector[index]), isInfinite: !vector[index].isFinite) }
      }
    }
    take(tally, layer, part, feature: nil, given: .nothing)
  }

  private func take(
    _ tally: Tally, _ layer: String, _ part: WalkStage.Part, feature: String?, given: WalkStage.Given
  ) {
    if tally.nonFinite > 0 {
      if first == nil { first = (layer, feature) }
      if part.spoilsStep, !isThinned { isSpoiled = true }
    }
    if part.isSummed {
      if large == nil, !Finiteness.isSmall(tally.largest) { large = (layer, feature) }
      squares += tally.squares
      if tally.squares > steepest?.squares ?? 0 { steepest = (layer, feature, tally.squares) }
    }
    if part.isForward, tally.count > tally.nonFinite { largest = max(largest, abs(tally.least), abs(tally.most)) }
    guard isDetailed else { return }
    var stage = WalkStage(layer: layer, part: part, feature: feature)
    (stage.given, stage.isThinned) = (given, isThinned)
    (stage.count, stage.nonFinite) = (tally.count, tally.nonFinite)
    if tally.count > tally.nonFinite {
      (stage.least, stage.most) = (tally.least, tally.most)
      stage.mean = tally.sum / Double(tally.count - tally.nonFinite)
    }
    stages.append(stage)
  }

  private struct Tally {
    var (count, nonFinite) = (0, 0)
    var (least, most) = (Double.infinity, -Double.infinity)
    var (sum, squares) = (0.0, 0.0)
    /// The largest magnitude; not a number where a value is none.
    var largest: Double { nonFinite > 0 ? .nan : max(abs(least), abs(most)) }

    @inline(__always)
    mutating func add(_ value: Double, isInfinite: Bool) {
      count += 1
      guard !isInfinite else {
        nonFinite += 1
        return
      }
      (least, most) = (min(least, value), max(most, value))
      sum += value
      squares += value * value
    }
  }
}
