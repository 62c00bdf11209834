public import Health
public import Tensors
public import Vocabulary

/// The recipe as a model (docs/recipe.md): it predicts all records of a step by what was known before it, then learns them one by
/// one. There is nothing to be summed over ranks: each sends its records to the others, and all learn all of them, in the order of
/// the partitions, so that every rank holds the same bits, however many there are.
public final class RecipeModel {
  public let spec: LearnerSpec
  public let batchCapacity: Int
  public let memory: Memory
  public internal(set) var wildValues: [WildValues] = []
  public internal(set) var partSteps: [LocalStep] = []
  public var gradientWatch: ((Int) -> Void)?
  /// Gradients are bounded: there is none that is larger.
  public var gradientNormMax = Double.infinity
  public var notesRows = false
  public var rateScale = 1.0
  public var nextRate: Double { 1e-3 * rateScale }
  public var summation = Summation.whole {
    didSet { if summation != oldValue { discardStep() } }
  }

  let kernels: Kernels
  var parameters: RecipeParameters
  var pass: RecipePass
  var teacher: RecipeTeacher
  /// All ranks' records of the step in hand; nil: nobody else's are learned yet.
  private var others: (batch: FeatureBatch, pass: RecipePass)?
  private var stretches: [RecipeRows.Stretch] = []
  /// The batch that was predicted last, and its parts.
  private var batch: FeatureBatch?
  private var parts: BatchParts?
  /// Whose records `apply` learns: the batch's own, all ranks', or nobody's.
  private var intake = Intake.none
  var watch: RecipeWatch?
  let monitor: RecipeMonitor
  private let losses: AlignedBuffer<Float>

  private enum Intake { case none, own, all }

  /// - Parameters:
  ///   - batchCapacity: The most records of a step, on all ranks together.
  ///   - without: What is left out, to measure what it is worth.
  public convenience init(spec: LearnerSpec, batchCapacity: Int) {
    self.init(spec: spec, batchCapacity: batchCapacity, without: [], members: nil, kernels: .active)
  }

  /// - Parameter members: Of the preset, by name; nil: all.
  package init(
    spec: LearnerSpec, batchCapacity: Int, without: RecipeForm.Parts, members: [String]? = nil,
    replays: Bool = true, kernels: Kernels = .active
  ) {
    self.spec = spec
    self.batchCapacity = batchCapacity
    self.kernels = kernels
    var plan = spec.recipe?.members.filter { members?.contains($0.name) ?? true } ?? []
    if !replays {
      plan = plan.map {
        RecipeMember(name: $0.name, isDeep: $0.isDeep, readsMemory: $0.readsMemory, replays: 0, near: $0.near)
      }
    }
    parameters = RecipeParameters(spec, without: without, plan: plan)
    memory = Memory([], recipe: RecipeMemory(parameters.form.memory))
    pass = RecipePass(parameters, capacity: batchCapacity, learns: true, kernels: kernels)
    teacher = RecipeTeacher(parameters, known: pass.known, kernels: kernels)
    monitor = RecipeMonitor(parameters)
    losses = AlignedBuffer(count: batchCapacity + 16)
  }

  var labels: RecipeMemory {
    guard let labels = memory.recipe else { preconditionFailure("a recipe without its memory") }
    return labels
  }

  /// What each member is worth in the sum of all.
  public var memberWeights: [MemberWeight] { RecipeVersion(parameters: parameters).memberWeights }

  /// Steps applied.
  public var step: Int64 { parameters.step }

  /// Takes parameters into use.
  func install(_ parameters: RecipeParameters) {
    let known = pass.known
    self.parameters = parameters
    pass = RecipePass(parameters, capacity: batchCapacity, learns: true, kernels: kernels)
    teacher = RecipeTeacher(parameters, known: pass.known, kernels: kernels)
    know(classes: known)
    monitor.follow(parameters)
    others = nil
    if watch != nil { watch = RecipeWatch() }
    discardStep()
  }
}

extension RecipeModel: Model {
  public var batchShape: BatchShape { spec.batchShape }
  public var outputCount: Int { spec.outputCount }

  public func know(classes: Int) {
    pass.known = classes
    teacher.known = classes
    others?.pass.known = classes
  }

  public func predict(_ batch: FeatureBatch) {
    withArithmeticMode {
      self.batch = batch
      intake = .none
      pass.run(batch, labels)
    }
  }

  public var outputs: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: pass.answers.pointer, count: pass.count * pass.answerWidth)
  }

  public func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float> { outputs }

  public func backward(_ batch: FeatureBatch, parts: BatchParts?) -> LocalStep {
    withArithmeticMode {
      self.parts = parts
      noteWild(batch)
      pass.measure(batch, into: losses.pointer)
      partSteps.removeAll(keepingCapacity: true)
      if let parts { for part in parts.parts { partSteps.append(local(batch, rows: part.rows)) } }
      return local(batch, rows: 0..<batch.count)
    }
  }

  private func local(_ batch: FeatureBatch, rows: Range<Int>) -> LocalStep {
    var local = LocalStep(labelled: 0, weight: 0, lossSum: 0, isFinite: true)
    for row in rows {
      if !pass.isFinite(row) { local.isFinite = false }
      guard batch.teaches(row) else { continue }
      let weight = batch.weights.map { Double($0[row]) } ?? 1
      local.labelled += 1
      local.weight += weight
      local.lossSum += weight * Double(losses[row])
    }
    if !local.lossSum.isFinite { local.isFinite = false }
    return local
  }

  private func noteWild(_ batch: FeatureBatch) {
    if !wildValues.isEmpty { wildValues.removeAll(keepingCapacity: true) }
    for number in 0..<batch.numberCount {
      for row in 0..<batch.count {
        let value = batch.numbers[row * batch.numberCount + number]
        if parameters.inputs.isWild(value, number: number) { add(.number(number), row, value) }
      }
    }
    guard parameters.form.task == .regression else { return }
    for row in 0..<batch.count where !batch.labels[row].isNaN {
      if parameters.held(batch.labels[row]) != Double(batch.labels[row]) { add(.label(0), row, batch.labels[row]) }
    }
  }

  private func add(_ place: WildValues.Place, _ row: Int, _ value: Float) {
    guard let known = wildValues.indices.last, wildValues[known].place == place else {
      return wildValues.append(WildValues(place: place, count: 1, row: row, value: value))
    }
    wildValues[known].count += 1
  }

  public var denseGradient: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: nil, count: 0) }
  public var denseNodes: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: nil, count: 0) }
  public var gradientOrder: [Range<Int>] { [] }
  public var facts: [RecordFact] { [] }
  public func remember(_ facts: [RecordFact]) {}
  public var touchedBytesMax: Int { RecipeRows.bytesMax(rows: batchCapacity, batchShape) }

  public func appendAttachment(to bytes: inout [UInt8]) {
    if let batch { RecipeRows.append(batch, parts, to: &bytes) }
  }

  public func absorb(attachments: [UnsafeRawBufferPointer]) throws {
    let room =
      others
      ?? (
        spec.makeBatch(capacity: batchCapacity, weighsRecords: true),
        RecipePass(parameters, capacity: batchCapacity, learns: true, kernels: kernels)
      )
    room.pass.known = pass.known
    others = room
    try RecipeRows.gather(attachments, into: room.batch, &stretches)
    withArithmeticMode {
      room.pass.encode(room.batch, labels)
      room.pass.look(room.batch, labels)
    }
    intake = .all
  }

  public func absorbOwn() { intake = batch == nil ? .none : .own }

  public func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    withArithmeticMode {
      var update = Update(gradientNorm: 0, wasClipped: false, isFinite: true)
      let looks = monitor.begin(parameters, pass, step: parameters.step)
      teacher.rateScale = rateScale
      var squares = 0.0
      switch intake {
      case .none: break
      case .own: if let batch { squares = learn(batch, pass) }
      case .all: if let others { squares = learn(others.batch, others.pass) }
      }
      if labelled > 0 {
        update.tookGradient = true
        update.gradientNorm = (squares / Double(labelled)).squareRoot()
        update.rate = nextRate
      }
      if looks { monitor.end(parameters) }
      parameters.step += 1
      if let watch { update.digest = watch.digest(parameters, labels) }
      discardStep()
      return update
    }
  }

  private func learn(_ batch: FeatureBatch, _ pass: RecipePass) -> Double {
    var squares = 0.0
    var isFirst = true
    for row in 0..<batch.count {
      let numbers = UnsafePointer(batch.numbers + row * batch.numberCount)
      let (label, weight) = (batch.labels[row * batch.labelCount], batch.weights?[row] ?? 1)
      // What was taken out of the step is such a row; who counts nothing teaches nothing.
      if weight <= 0 || label.isNaN && pass.records.isEmpty(row) { continue }
      if label.isNaN {
        teacher.see(pass, row, numbers, labels)
      } else {
        squares += teacher.learn(
          pass, row, numbers: numbers, label: label, weight: weight, isFresh: isFirst, labels)
      }
      isFirst = false
    }
    return squares
  }

  public func discardStep() {
    intake = .none
    batch = nil
    parts = nil
  }

  /// Inputs and gradients are bounded: where an answer is not a number the model is to blame, and no record.
  public func nonFiniteRows(in batch: FeatureBatch) -> [NonFiniteRow] { [] }

  public func takeHealth() -> [LayerHealth] { monitor.take(parameters) }
  public func takeCosts() -> [LayerCost] { [] }
}
