import Evaluation
import Foundation
import Vocabulary

/// One record of the zoo's stream.
struct ZooRecord {
  /// Eight numbers, a mark for each of four slices, and a place for a leak, which is 0 in the stream.
  var inputs: [Float]
  var slice: Int
  /// Of the task: 0 or 1, a class, a value.
  var label: Float

  static let numbers = 8
  /// Shares .5, .3, .15, .05.
  static let slices = ["large", "middle", "small", "tiny"]
  static let width = numbers + slices.count + 1
}

/// Records of a truth that turns slowly: three signals of the numbers, with a product each and a level by slice.
struct ZooStream {
  let task: EvaluationTask
  /// By signal, then number: what it is at angle 0, and what it turns to.
  private let weights: [[Float]]
  private let turned: [[Float]]
  private let levels: [[Float]]
  private var random: SplitMix64
  /// In radians: how far the truth has turned.
  var angle: Float

  /// - Parameters:
  ///   - truth: Streams with the same have the same truth.
  ///   - seed: Of the records.
  init(_ task: EvaluationTask, truth: UInt64, seed: UInt64, angle: Float = 0) {
    var shape = SplitMix64(run: truth)
    func normals(_ count: Int, _ scale: Float) -> [[Float]] {
      (0..<Self.signals).map { _ in (0..<count).map { _ in scale * Float(shape.nextNormal()) } }
    }
    self.task = task
    weights = normals(ZooRecord.numbers, 0.6)
    turned = normals(ZooRecord.numbers, 0.6)
    levels = normals(ZooRecord.slices.count, 0.5)
    random = SplitMix64(run: seed &+ 1_000_003)
    self.angle = angle
  }

  private static let signals = 3

  mutating func next() -> ZooRecord {
    var inputs = [Float](repeating: 0, count: ZooRecord.width)
    for index in 0..<ZooRecord.numbers { inputs[index] = Float(random.nextNormal()) }
    let unit = random.nextUnit()
    let slice = unit < 0.5 ? 0 : unit < 0.8 ? 1 : unit < 0.95 ? 2 : 3
    inputs[ZooRecord.numbers + slice] = 1
    let label: Float
    switch task {
    case .binary:
      label = random.nextUnit() < 1 / (1 + exp(-Double(signal(0, inputs, slice)))) ? 1 : 0
    case .multiclass:
      let odds = (0..<Self.signals).map { exp(signal($0, inputs, slice)) }
      var rest = Float(random.nextUnit()) * odds.reduce(0, +)
      label = Float(
        odds.dropLast().firstIndex { odd in
          rest -= odd
          return rest < 0
        } ?? Self.signals - 1)
    default:
      label = signal(0, inputs, slice) + 0.5 * Float(random.nextStudent3())
    }
    return ZooRecord(inputs: inputs, slice: slice, label: label)
  }

  private func signal(_ index: Int, _ inputs: [Float], _ slice: Int) -> Float {
    var sum = levels[index][slice] + 0.5 * inputs[index] * inputs[index + 1]
    let (own, other) = (cos(angle), sin(angle))
    for number in 0..<ZooRecord.numbers {
      sum += (own * weights[index][number] + other * turned[index][number]) * inputs[number]
    }
    return sum
  }
}
