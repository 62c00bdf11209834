import Health
import Tensors

/// What a recipe's layers give, and how its members' weights move: of the first steps each, of later ones a sample, as counting
/// costs as much as learning.
final class RecipeMonitor {
  /// Steps that are all looked at, and then one in so many.
  private static let first: Int64 = 64
  private static let every: Int64 = 16

  private struct Layer {
    let member: Int
    /// The same, counted among the deep members alone.
    let number: Int
    let name: String
    /// Where its values lie in a record's.
    let start: Int
    let counts: ValueCounts
    /// Its weights in the member's dense ones; empty: rows.
    let segment: Range<Int>
    var gradients = 0.0
    var updates = 0.0
  }

  private var layers: [Layer] = []
  private let head: ValueCounts
  private let outputs: Int
  /// Of the last layers of all deep members.
  private var (headGradients, headUpdates) = (0.0, 0.0)
  private var steps: Int64 = 0
  private var before: [AlignedBuffer<Float>] = []
  private var means: [AlignedBuffer<Float>] = []

  init(_ parameters: RecipeParameters) {
    outputs = parameters.form.outputs
    head = ValueCounts(units: outputs)
    var number = 0
    for (place, member) in parameters.members.enumerated() {
      guard case .deep(let deep) = member else { continue }
      let name = parameters.plan[place].name
      layers.append(
        Layer(
          member: place, number: number, name: "\(name).first", start: DeepMember.first,
          counts: ValueCounts(units: DeepMember.first), segment: 0..<0))
      layers.append(
        Layer(
          member: place, number: number, name: "\(name).second", start: 2 * DeepMember.first,
          counts: ValueCounts(units: DeepMember.second), segment: deep.segments[0].range))
      number += 1
    }
    follow(parameters)
  }

  /// Looks at these from now on, of the same members.
  func follow(_ parameters: RecipeParameters) {
    before.removeAll()
    means.removeAll()
    for case .deep(let deep) in parameters.members {
      before.append(AlignedBuffer(count: deep.dense.count))
      means.append(AlignedBuffer(count: deep.dense.count))
    }
  }

  /// A step is about to be applied, whose own records went through `pass`.
  ///
  /// - Returns: Whether it is looked at.
  func begin(_ parameters: RecipeParameters, _ pass: RecipePass, step: Int64) -> Bool {
    guard step < Self.first || step % Self.every == 0 else { return false }
    steps += 1
    let (rows, members) = (pass.count, parameters.members.count)
    let stride = members * DeepMember.valueCount
    for layer in layers where rows > 0 {
      let units = layer.start == DeepMember.first ? DeepMember.first : DeepMember.second
      let values = Rows(
        pass.values.pointer + layer.member * DeepMember.valueCount + layer.start, rows: rows, width: units,
        stride: stride)
      layer.counts.add(values, rows: rows, units: units, samples: rows, pass.kernels)
    }
    if rows > 0 {
      let logits = Rows(pass.logits.pointer, rows: rows, width: outputs, stride: pass.stride)
      head.add(logits, rows: rows, units: pass.known, samples: rows, pass.kernels)
    }
    var place = 0
    for case .deep(let deep) in parameters.members {
      before[place].copy(deep.dense)
      means[place].copy(deep.mean)
      place += 1
    }
    return true
  }

  /// It was.
  func end(_ parameters: RecipeParameters) {
    for index in layers.indices {
      guard case .deep(let deep) = parameters.members[layers[index].member] else { continue }
      let number = layers[index].number
      var (gradient, update) = (0.0, 0.0)
      // Of the first layer the rows that a record has are what moves; the layer behind it says as much of it.
      let range = layers[index].segment.isEmpty ? 0..<deep.dense.count : layers[index].segment
      for place in range {
        let change = Double(deep.dense.pointer[place] - before[number].pointer[place])
        // Adam's mean of gradients moves by a tenth of what the last one adds.
        let slope = Double(deep.mean.pointer[place] - 0.9 * means[number].pointer[place]) * 10
        update += change * change
        gradient += slope * slope
      }
      layers[index].gradients += gradient
      layers[index].updates += update.squareRoot()
    }
    endHead(parameters)
  }

  private func endHead(_ parameters: RecipeParameters) {
    var (number, update) = (0, 0.0)
    for case .deep(let deep) in parameters.members {
      for place in deep.segments[1].range {
        let change = Double(deep.dense.pointer[place] - before[number].pointer[place])
        let slope = Double(deep.mean.pointer[place] - 0.9 * means[number].pointer[place]) * 10
        update += change * change
        headGradients += slope * slope
      }
      number += 1
    }
    headUpdates += update.squareRoot()
  }

  /// The window since the last take; begins a new one.
  func take(_ parameters: RecipeParameters) -> [LayerHealth] {
    var health: [LayerHealth] = []
    for index in layers.indices {
      guard case .deep(let deep) = parameters.members[layers[index].member] else { continue }
      // Of a member that rests nothing is to be expected.
      if parameters.rests(layers[index].member) {
        _ = layers[index].counts.take()
        (layers[index].gradients, layers[index].updates) = (0, 0)
        continue
      }
      let range = layers[index].segment
      let weights = range.isEmpty ? 0..<(parameters.form.firstRows * DeepMember.first) : range
      let from = range.isEmpty ? deep.rows.pointer : deep.dense.pointer
      var norm = 0.0
      for place in weights { norm += Double(from[place]) * Double(from[place]) }
      let units = range.isEmpty ? DeepMember.first : DeepMember.second
      health.append(
        LayerHealth(
          layer: layers[index].name, sketch: layers[index].counts.take(units: units),
          gradientSquaredNormSum: layers[index].gradients, steps: steps, weightNorm: norm.squareRoot(),
          updateNormSum: layers[index].updates))
      (layers[index].gradients, layers[index].updates) = (0, 0)
    }
    var norm = 0.0
    for case .deep(let deep) in parameters.members {
      for place in deep.segments[1].range { norm += Double(deep.dense[place]) * Double(deep.dense[place]) }
    }
    health.append(
      LayerHealth(
        layer: "output", sketch: head.take(units: outputs), gradientSquaredNormSum: headGradients, steps: steps,
        weightNorm: norm.squareRoot(), updateNormSum: headUpdates))
    (steps, headGradients, headUpdates) = (0, 0, 0)
    return health
  }
}
