import Learning
import Tensors
import Testing
import Vocabulary

/// One bad number in one place of a model that has learned a little, or of a batch; and what became of the step.
struct Injection: CustomStringConvertible {
  enum Place: Int, CaseIterable, Sendable, CustomTestStringConvertible {
    case nowhere, number, pair, label, recordWeight
    case weight, layer, row, statistic, moment, lossWeight
    var testDescription: String { "\(self)" }
    func isIn(_ spec: LearnerSpec) -> Bool {
      switch self {
      case .number: !spec.numbers.isEmpty
      case .pair: !spec.weighted.isEmpty
      case .label: spec.heads.contains { $0.task == .regression }
      case .row: !spec.categories.isEmpty || !spec.weighted.isEmpty
      default: true
      }
    }
    var isRecord: Bool { (Self.number.rawValue...Self.recordWeight.rawValue).contains(rawValue) }
    /// What is remembered of gradients shows in a later step, if at all; a ReLU hides what it does not let through.
    var mayPassUnseen: Bool { self == .moment || self == .statistic }
  }

  enum Outcome { case learned, refused, damaged }

  struct Result {
    var outcome: Outcome
    var named: [NonFiniteRow]
    /// How the rows that were named come to it.
    var walks: [RecordWalk]
  }

  let place: Place
  let seed: UInt64
  let item: Case
  private var random: SplitMix64
  private var stream: Stream
  private let learner: Learner
  private let batch: FeatureBatch
  private(set) var value = Float(0)
  private var row = 0
  /// The input that is to blame, where one is.
  private var feature: String?
  private var badBefore: [Int] = []

  var description: String { "\(place) \(value), seed \(seed), \(item.name)" }

  private static let rows = 12
  private static let extremes: [Float] = [
    .nan, .infinity, -.infinity, 1e38, -1e38, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
    .leastNonzeroMagnitude,
  ]

  init(_ place: Place, seed: UInt64) throws {
    (self.place, self.seed) = (place, seed)
    random = SplitMix64(seed: seed)
    let cases = Case.all.filter { place.isIn($0.spec) }
    item = cases[Int.random(in: 0..<cases.count, using: &random)]
    var spec = item.spec
    for index in spec.numbers.indices { spec.numbers[index].standardize = random.nextUnit() < 0.4 }
    switch Int.random(in: 0..<4, using: &random) {
    case 0: spec.clipping = GradientClipping(globalNorm: nil, value: nil)
    case 1: spec.clipping = GradientClipping(globalNorm: nil, value: 0.5)
    default: break
    }
    stream = Stream(spec, seed: seed &+ 1)
    let sound = Learner(spec: spec, batchCapacity: Self.rows)
    for _ in 0..<Int.random(in: 0...4, using: &random) { sound.learnAlone(stream.batch(Self.rows)) }
    if place == .lossWeight {
      spec.heads[0].weight = [1e38, .greatestFiniteMagnitude][Int.random(in: 0..<2, using: &random)]
      value = spec.heads[0].weight
      let heavy = Learner(spec: spec, batchCapacity: Self.rows)
      try heavy.restoreState(sound.encodeState())
      learner = heavy
    } else {
      learner = sound
    }
    let plain = stream.batch(Self.rows)
    batch = spec.makeBatch(capacity: Self.rows, weighsRecords: place == .recordWeight)
    batch.count = Self.rows
    for row in 0..<Self.rows { batch.copyRow(row, of: plain, to: row) }
  }

  /// - Returns: false: the model has no such place.
  mutating func poison() -> Bool {
    row = Int.random(in: 0..<Self.rows, using: &random)
    if place != .lossWeight { value = Self.extremes[Int.random(in: 0..<Self.extremes.count, using: &random)] }
    let isThere = put()
    badBefore = bad
    return isThere
  }

  private mutating func put() -> Bool {
    let spec = learner.spec
    switch place {
    case .nowhere, .lossWeight: return true
    case .number:
      guard !spec.numbers.isEmpty else { return false }
      let number = Int.random(in: spec.numbers.indices, using: &random)
      batch.numbers[row * spec.numbers.count + number] = value
      feature = spec.numbers[number].name
    case .pair:
      guard !spec.weighted.isEmpty, !value.isNaN else { return false }
      let input = Int.random(in: spec.weighted.indices, using: &random)
      let places = batch.weighted[input].places(of: row)
      guard let first = places.first else { return false }
      batch.weighted[input].weights[first] = value
      feature = spec.weighted[input].name
    case .label:
      let values = spec.heads.indices.filter { spec.heads[$0].task == .regression }
      guard let head = values.randomElement(using: &random), !value.isNaN else { return false }
      if spec.heads[head].loss == .poisson { value = abs(value) }
      batch.labels[row * spec.heads.count + head] = value
    case .recordWeight:
      // A weight below 0 is none that a decoder lets through, and no matter of finiteness.
      value = value < 0 ? -value : value
      batch.weights?[row] = value
    case .weight:
      var places: [Int] = []
      learner.network.layout.forEachParameter { layer, index in if layer != "temperature" { places.append(index) } }
      guard let index = places.randomElement(using: &random) else { return false }
      learner.network.parameters[index] = value
    case .layer:
      guard value.isFinite, abs(value) > 1 else { return false }
      var layers: [String: [Int]] = [:]
      learner.network.layout.forEachParameter { layers[$0, default: []].append($1) }
      guard let name = layers.keys.sorted().randomElement(using: &random), let indices = layers[name] else {
        return false
      }
      for index in indices {
        learner.network.parameters[index] = learner.network.parameters[index] > 0 ? value : -value
      }
    case .row:
      let tables = learner.network.tables
      let buffer = tables.weights.count > 0 ? tables.weights : tables.wideWeights
      guard buffer.count > 0 else { return false }
      buffer[Int.random(in: 0..<buffer.count, using: &random)] = value
    case .statistic:
      let running = learner.network.normalizer.running
      guard running.mean.count > 0 else { return false }
      let column = Int.random(in: 0..<running.mean.count, using: &random)
      (random.nextUnit() < 0.5 ? running.mean : running.squares)[column] = Double(value)
      learner.network.normalizer.refresh()
    case .moment:
      let buffers = learner.optimizers.all.flatMap(\.buffers).filter { $0.count > 0 }
      guard let buffer = buffers.randomElement(using: &random) else { return false }
      buffer[Int.random(in: 0..<buffer.count, using: &random)] = value
    }
    return true
  }

  /// A step as a worker makes it.
  func learn() -> Result {
    if attempt() == .learned { return Result(outcome: .learned, named: [], walks: []) }
    let named = learner.nonFiniteRows(in: batch)
    let walks = named.map { learner.walk($0.row, of: batch) }
    for found in named { takeOut(found.row) }
    return Result(outcome: attempt(), named: named, walks: walks)
  }

  private func attempt() -> Outcome {
    learner.predict(batch)
    let local = learner.backward(batch)
    guard local.isFinite else {
      learner.discardStep()
      return .damaged
    }
    learner.absorbOwn()
    if learner.apply(labelled: local.labelled, weight: local.weight, lossSum: local.lossSum).isFinite {
      return .learned
    }
    learner.discardStep()
    return .refused
  }

  private func takeOut(_ row: Int) {
    for head in 0..<batch.labelCount { batch.labels[row * batch.labelCount + head] = .nan }
    for number in 0..<batch.numberCount { batch.numbers[row * batch.numberCount + number] = .nan }
    for column in 0..<batch.categoryCount { batch.categories[row * batch.categoryCount + column] = 0 }
    for pairs in batch.weighted { pairs.empty(row, of: batch.count) }
    batch.weights?[row] = 0
  }

  /// Which numbers of all that is kept are none.
  private var bad: [Int] {
    let (network, running) = (learner.network, learner.network.normalizer.running)
    var found: [Int] = []
    var first = 0
    func look<Value: BinaryFloatingPoint>(_ buffer: AlignedBuffer<Value>) {
      for index in 0..<buffer.count where !buffer[index].isFinite { found.append(first + index) }
      first += buffer.count
    }
    for buffer in [network.parameters, network.tables.weights, network.tables.wideWeights] { look(buffer) }
    for buffer in learner.optimizers.all.flatMap(\.buffers) { look(buffer) }
    for buffer in [running.count, running.mean, running.squares] { look(buffer) }
    for buffer in [network.normalizer.ranges.center, network.normalizer.ranges.scale] { look(buffer) }
    return found
  }

  /// What is not as it has to be.
  func complaint(about result: Result) -> String? {
    let rows = result.named.map(\.row)
    if place.isRecord {
      if !bad.isEmpty { return "what is kept is not finite" }
      if !rows.isEmpty, rows != [row] { return "rows \(rows) are named for \(row)" }
      if result.outcome != .learned { return "the rest is not learned: \(result.outcome), \(rows)" }
    } else {
      if !rows.isEmpty { return "rows \(rows) are named, and the model is to blame: \(result.named)" }
      if place == .nowhere, result.outcome != .learned || !bad.isEmpty { return "a sound step is \(result.outcome)" }
      // A weight and what its optimiser keeps of it, which may be of its whole row, may take each other along: the next step
      // sees it, and whoever saves.
      if bad.count > badBefore.count + (place == .moment ? 16 : 3) { return "it spread within the model" }
    }
    for (finding, walk) in zip(result.named, result.walks) {
      if walk.finding != finding {
        return "the walk finds \(walk.finding.map { "\($0)" } ?? "nothing"), not \(finding)"
      }
      if let feature, finding.feature != feature { return "\(finding.feature ?? "no input") is named for \(feature)" }
      guard let first = walk.firstNonFinite.map({ walk.stages[$0] }) else {
        if finding.isLarge { continue }
        return "the walk of \(finding) is sound"
      }
      if !finding.isLarge, first.layer != finding.layer {
        return "\(finding.layer) is named, and \(first.layer) comes first"
      }
      if let named = first.feature, named != finding.feature { return "\(named) comes first" }
    }
    return nil
  }
}
