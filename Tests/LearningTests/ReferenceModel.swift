import Foundation
import Learning
import Tensors

/// The learner once more, in plain double precision and without any cleverness: forward and loss only. Gradients are
/// central differences of its loss.
struct ReferenceModel {
  let spec: LearnerSpec
  /// Canonical order, as `parametersDigestInput`.
  var parameters: [Double]
  /// Numbers and labels of all records seen before, for the running statistics.
  var history: [[Double]] = []
  /// By head.
  var labelHistory: [[Double]]
  /// What the training pass of the step in hand drops; nil: nothing.
  var dropoutSeed: UInt64?

  init(_ learner: Learner) {
    spec = learner.spec
    labelHistory = spec.heads.map { _ in [] }
    let bytes = learner.parametersDigestInput
    parameters = bytes.withUnsafeBytes { raw in
      (0..<raw.count / 4).map { Double(raw.loadUnaligned(fromByteOffset: $0 * 4, as: Float.self)) }
    }
  }

  mutating func see(_ batch: FeatureBatch) {
    for row in 0..<batch.count {
      history.append((0..<batch.numberCount).map { Double(batch.numbers[row * batch.numberCount + $0]) })
      for head in labelHistory.indices {
        labelHistory[head].append(Double(batch.labels[row * batch.labelCount + head]))
      }
    }
  }

  func statistics(_ values: [Double]) -> (mean: Double, deviation: Double) {
    let present = values.filter { !$0.isNaN }
    guard !present.isEmpty else { return (0, 0) }
    let mean = present.reduce(0, +) / Double(present.count)
    return (mean, (present.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(present.count)).squareRoot())
  }

  /// Where the embedding tables and the wide rows begin among the parameters.
  private var tableStart: Int {
    parameters.count - rowCount * wideWidth
      - spec.weighted.reduce(0) { $0 + $1.rows * width($1) }
      - spec.categories.reduce(0) { $0 + $1.buckets * (spec.kind == .linear ? 0 : $1.dimension) }
  }
  /// Where learned temperatures begin, one a head that has one.
  var temperatureStart: Int { tableStart - spec.heads.count { $0.temperature == .learned } }
  private var wideWidth: Int { spec.hasWidePart ? spec.heads.reduce(0) { $0 + $1.outputCount } : 0 }
  private func width(_ input: WeightedInput) -> Int { spec.kind == .linear ? 0 : input.dimension }
  /// Those with wide weights.
  private var rowCount: Int {
    spec.categories.reduce(0) { $0 + $1.buckets } + spec.weighted.reduce(0) { $0 + ($1.activates ? 0 : $1.rows) }
  }

  /// Logits of every row.
  func logits(_ batch: FeatureBatch, isTraining: Bool = false) -> [[Double]] {
    (0..<batch.count).map { pass(batch, $0, isTraining: isTraining).logits }
  }

  /// Σ over labelled rows and hidden outputs of l1·|y| + l2·y².
  func penalty(_ batch: FeatureBatch) -> Double {
    guard spec.activationL1 > 0 || spec.activationL2 > 0 else { return 0 }
    return (0..<batch.count).reduce(0) { sum, row in
      if batch.labels[row * batch.labelCount].isNaN { return sum }
      return pass(batch, row, isTraining: true).hidden.reduce(sum) {
        $0 + Double(spec.activationL1) * abs($1) + Double(spec.activationL2) * $1 * $1
      }
    }
  }

  /// A category's rows in the table that begins at `start`, `width` wide, combined.
  private func combine(
    _ batch: FeatureBatch, _ row: Int, slot: Int, _ category: CategoryInput, start: Int, width: Int
  ) -> [Double] {
    let columns = spec.categoryColumns
    let buckets = (0..<category.slots).map { batch.categories[row * columns + slot + $0] }
      .filter { $0 != FeatureBatch.noCategory }
    let sums = (0..<width).map { index in
      buckets.reduce(0) { $0 + parameters[start + Int($1) * width + index] }
    }
    guard category.slots > 1, !buckets.isEmpty else { return sums }
    switch category.combiner {
    case .sum: return sums
    case .mean: return sums.map { $0 / Double(buckets.count) }
    case .squareRoot: return sums.map { $0 / Double(buckets.count).squareRoot() }
    }
  }

  private func embeddings(_ batch: FeatureBatch, _ row: Int) -> [[Double]] {
    guard spec.kind == .network else { return [] }
    var (table, slot) = (tableStart, 0)
    return spec.categories.map { category in
      defer {
        table += category.buckets * category.dimension
        slot += category.slots
      }
      return combine(batch, row, slot: slot, category, start: table, width: category.dimension)
    }
  }

  /// A hidden layer's outputs from its product.
  private func activate(_ z: [Double], _ next: inout Int) -> [Double] {
    let y: [Double]
    switch spec.activation {
    case .prelu:
      let slopes = next
      next += z.count
      y = z.indices.map { z[$0] > 0 ? z[$0] : z[$0] * parameters[slopes + $0] }
    case .softmax, .logSoftmax:
      let sum = z.reduce(0) { $0 + exp($1) }
      y = z.map { spec.activation == .softmax ? exp($0) / sum : $0 - log(sum) }
    case .glu, .swiglu, .geglu, .reglu:
      let gates: [ActivationKind: ActivationKind] = [.glu: .sigmoid, .swiglu: .swish, .geglu: .gelu, .reglu: .relu]
      y = (0..<(z.count / 2)).map {
        z[$0] * referenceActivation(gates[spec.activation] ?? .identity, z[z.count / 2 + $0])
      }
    default: y = z.map { referenceActivation(spec.activation, $0) }
    }
    return y.map(held)
  }

  private func held(_ y: Double) -> Double {
    guard let limit = spec.activationLimit else { return y }
    return min(max(y, -Double(limit)), Double(limit))
  }

  /// Σ weight · row over the record's pairs.
  private func weightedSum(_ batch: FeatureBatch, _ row: Int) -> [Double] {
    var table = parameters.count - rowCount * wideWidth - spec.weighted.reduce(0) { $0 + $1.rows * width($1) }
    return zip(spec.weighted, batch.weighted).flatMap { input, pairs -> [Double] in
      defer { table += input.rows * width(input) }
      return sums(pairs, row, table: table, width: width(input)).map {
        input.activates ? held(referenceActivation(spec.activation, $0)) : $0
      }
    }
  }

  private func sums(_ pairs: WeightedRows, _ row: Int, table: Int, width: Int) -> [Double] {
    (0..<width).map { index in
      pairs.places(of: row).reduce(0) {
        $0 + Double(pairs.weights[$1]) * parameters[table + Int(pairs.rows[$1]) * width + index]
      }
    }
  }

  private func numbers(_ batch: FeatureBatch, _ row: Int) -> [Double] {
    var numeric: [Double] = []
    for (number, settings) in spec.numbers.enumerated() {
      let value = Double(batch.numbers[row * spec.numbers.count + number])
      if value.isNaN {
        numeric.append(0)
      } else if settings.standardize {
        let (mean, deviation) = statistics(history.map { $0[number] })
        let limit = Double(spec.inputClip)
        numeric.append(deviation > 0 ? min(max((value - mean) / deviation, -limit), limit) : 0)
      } else {
        numeric.append(value)
      }
    }
    for (number, settings) in spec.numbers.enumerated() where settings.missingIndicator {
      numeric.append(batch.numbers[row * spec.numbers.count + number].isNaN ? 1 : 0)
    }
    return numeric
  }

  /// One row through the network, and all that its hidden layers gave.
  private func pass(_ batch: FeatureBatch, _ row: Int, isTraining: Bool) -> (logits: [Double], hidden: [Double]) {
    var next = 0
    func product(_ input: [Double], _ outputs: Int, bias: Bool = true) -> [Double] {
      defer { next += (input.count + (bias ? 1 : 0)) * outputs }
      return (0..<outputs).map { output in
        var sum = bias ? parameters[next + input.count * outputs + output] : 0
        for index in input.indices { sum += input[index] * parameters[next + index * outputs + output] }
        return sum
      }
    }
    let fields = embeddings(batch, row)
    let numeric = numbers(batch, row)
    let x = fields.flatMap { $0 } + weightedSum(batch, row) + numeric
    var h = x
    var given: [Double] = []
    for (index, units) in spec.hidden.enumerated() where spec.kind == .network {
      let before = h
      h = activate(normalize(product(h, spec.activation.isGate ? 2 * units : units), &next), &next)
      if isTraining { h = drop(h, layer: index, key: batch.keys[row]) }
      if spec.residual, before.count == units { h = zip(h, before).map(+) }
      given += h
    }
    var crossed = x
    for _ in 0..<spec.crossLayers {
      let narrow = spec.crossRank > 0 ? product(crossed, spec.crossRank, bias: false) : crossed
      let u = product(narrow, x.count)
      crossed = x.indices.map { x[$0] * u[$0] + crossed[$0] }
    }
    let interacted = spec.bilinear ? interact(fields, &next) : []
    let z = spec.heads.flatMap { head -> [Double] in
      let outputs = head.outputCount
      var z = product(spec.kind == .linear ? [] : h, outputs)
      func add(_ more: [Double]) { z = zip(z, more).map(+) }
      if spec.crossLayers > 0 { add(product(crossed, outputs, bias: false)) }
      if spec.factorization { add(product(pooled(fields), outputs, bias: false)) }
      if spec.bilinear { add(product(interacted, outputs, bias: false)) }
      if spec.hasWidePart { add(product(numeric, outputs, bias: false)) }
      return z
    }
    guard spec.hasWidePart else { return (z, given) }
    var sums = z
    var (wideRow, slot) = (parameters.count - rowCount * wideWidth, 0)
    for category in spec.categories {
      sums = zip(sums, combine(batch, row, slot: slot, category, start: wideRow, width: wideWidth)).map(+)
      wideRow += category.buckets * wideWidth
      slot += category.slots
    }
    for (input, pairs) in zip(spec.weighted, batch.weighted) where !input.activates {
      sums = zip(sums, self.sums(pairs, row, table: wideRow, width: wideWidth)).map(+)
      wideRow += input.rows * wideWidth
    }
    return (sums, given)
  }

  private func normalize(_ h: [Double], _ next: inout Int) -> [Double] {
    let count = Double(h.count)
    let gain = next
    switch spec.normalization {
    case .none: return h
    case .layerNorm:
      next += 2 * h.count
      let mean = h.reduce(0, +) / count
      let variance = h.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
      return h.indices.map {
        (h[$0] - mean) / (variance + 1e-5).squareRoot() * parameters[gain + $0] + parameters[gain + h.count + $0]
      }
    case .rmsNorm:
      next += h.count
      let root = (h.reduce(0) { $0 + $1 * $1 } / count + 1e-5).squareRoot()
      return h.indices.map { h[$0] / root * parameters[gain + $0] }
    }
  }

  /// ½·Σ over pairs of different fields, both orders, of their products, element by element.
  private func pooled(_ fields: [[Double]]) -> [Double] {
    (0..<(fields.first?.count ?? 0)).map { index in
      var sum = 0.0
      for one in fields.indices {
        for other in fields.indices where other > one { sum += fields[one][index] * fields[other][index] }
      }
      return sum
    }
  }

  /// Σ over pairs i < j of (v_i·W) ⊙ v_j, pair by pair.
  private func interact(_ fields: [[Double]], _ next: inout Int) -> [Double] {
    let width = fields.first?.count ?? 0
    let matrix = next
    next += width * width
    return (0..<width).map { unit in
      var sum = 0.0
      for one in fields.indices {
        let product = (0..<width).reduce(0) { $0 + fields[one][$1] * parameters[matrix + $1 * width + unit] }
        for other in fields.indices where other > one { sum += product * fields[other][unit] }
      }
      return sum
    }
  }

  /// Dropout's hash, once more.
  private func drop(_ h: [Double], layer: Int, key: UInt64) -> [Double] {
    guard spec.dropout > 0, let dropoutSeed else { return h }
    var seed = key ^ (dropoutSeed &+ UInt64(layer) &* 0x9e37_79b9_7f4a_7c15)
    seed = (seed ^ (seed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    seed = (seed ^ (seed >> 27)) &* 0x94d0_49bb_1331_11eb
    seed ^= seed >> 31
    let limit = UInt32(Double(spec.dropout) * 0x1p31)
    return h.indices.map { unit in
      var bits = (UInt32(unit) &* 0x9e37_79b1 &+ UInt32(truncatingIfNeeded: seed)) ^ UInt32(seed >> 32)
      bits = (bits ^ (bits >> 16)) &* 0x85eb_ca6b
      bits = (bits ^ (bits >> 13)) &* 0xc2b2_ae35
      bits ^= bits >> 16
      return bits >> 1 >= limit ? h[unit] / (1 - Double(spec.dropout)) : 0
    }
  }

  /// ∂loss/∂parameter by central differences.
  mutating func gradient(_ batch: FeatureBatch, _ parameter: Int) -> Double {
    let step = 1e-5
    let value = parameters[parameter]
    parameters[parameter] = value + step
    let isTemperature = (temperatureStart..<tableStart).contains(parameter)
    let above = isTemperature ? calibrationLoss(batch) : objective(batch)
    parameters[parameter] = value - step
    let below = isTemperature ? calibrationLoss(batch) : objective(batch)
    parameters[parameter] = value
    return (above - below) / (2 * step)
  }

  /// What a step descends: the training loss through the thinned network, and the penalties.
  private func objective(_ batch: FeatureBatch) -> Double { loss(batch, isTraining: true) + penalty(batch) }
}
