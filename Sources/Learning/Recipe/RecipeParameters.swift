import Tensors
import Vocabulary

/// The numbers of a recipe, apart from what the stream has said (`RecipeMemory`): what it knows of its inputs, its members, and
/// what each of them is worth. One model writes them; or, once read from a state, nobody does.
final class RecipeParameters: @unchecked Sendable {  // Written by the one model that made them, or by nobody.
  /// One member's own.
  enum Member {
    case deep(DeepMember)
    case wide(WideMember)
    case near(RecipeMember.Near)
  }

  let spec: LearnerSpec
  let form: RecipeForm
  let plan: [RecipeMember]
  /// By member, what parts of a state are of.
  let partNames: [PartNames]
  let inputs: RecipeInputs
  let members: [Member]
  /// The deep member whose first layer is a space of neighbours: it always goes forward; nil: nobody asks.
  let source: Int?
  /// By member: its weight in the sum, and how far that has been moved (Σ squared gradients, decayed).
  let worth, moved: AlignedBuffer<Double>
  /// By member: for how many records in a row it has been worth next to nothing.
  let idle: AlignedBuffer<Int64>
  /// Of the labels of a regression: count, mean, Σ squared deviations.
  let labels = AlignedBuffer<Double>(count: 3)
  /// Steps taken, and records learned.
  var step: Int64 = 0
  var learned: Int64 = 0
  /// nil: no member learns a record again.
  let ring: RecipeRing?

  init(_ spec: LearnerSpec, without: RecipeForm.Parts = [], plan: [RecipeMember]? = nil) {
    guard let preset = spec.recipe else { preconditionFailure("a spec without a recipe") }
    self.spec = spec
    let plan = plan ?? preset.members
    self.plan = plan
    partNames = plan.map { PartNames(member: $0.name) }
    var form = RecipeForm(spec)
    form.without = without
    self.form = form
    inputs = RecipeInputs(form, tableCount: plan.count { $0.near == nil })
    members = plan.map { member in
      if let near = member.near { return .near(near) }
      return member.isDeep ? .deep(DeepMember(outputs: form.outputs)) : .wide(WideMember(form))
    }
    let isNear = plan.contains { $0.near != nil }
    source = isNear ? plan.firstIndex { $0.isDeep && !$0.readsMemory } : nil
    (worth, moved) = (AlignedBuffer(count: plan.count), AlignedBuffer(count: plan.count))
    idle = AlignedBuffer(count: plan.count)
    // Neighbours have to show first what they are worth.
    let weighed = Double(plan.count { $0.near == nil })
    for (place, member) in plan.enumerated() { worth[place] = member.near == nil ? 1 / weighed : 0 }
    moved.buffer.update(repeating: 1)
    ring =
      isNear || plan.contains { $0.replays > 0 }
      ? RecipeRing(stride: paddedToLanes(form.inputsMax), spaces: isNear ? RecipeMember.Near.Space.allCases.count : 0)
      : nil
    growTables(used: 0)
    var random = SplitMix64(seed: form.salt)
    for (place, member) in members.enumerated() {
      guard case .deep(let deep) = member else { continue }
      inputs.begin(0..<form.firstRows, ofTable: place)
      deep.initialize { random.nextNearlyNormal() }
    }
  }

  /// Makes room for the rows of a record's values.
  func reserve(_ inputCount: Int) {
    let used = inputs.rowCount
    if inputs.reserve(rows: min(used + inputCount, form.rowsMost)) { growTables(used: used) }
  }

  func growTables(used: Int) {
    let capacity = inputs.capacity
    for member in members {
      switch member {
      case .deep(let deep): deep.reserve(rows: capacity, used: used)
      case .wide(let wide): wide.reserve(rows: capacity, used: used)
      case .near: break
      }
    }
    inputs.connect(
      members.compactMap { member in
        switch member {
        case .deep(let deep): (deep.rows.pointer, DeepMember.first)
        case .wide(let wide): (wide.rows.pointer, form.outputs)
        case .near: nil
        }
      })
  }

  /// Below it a member is worth next to nothing; after so many records in a row it rests.
  static let worthLeast = 0.03
  static let idleMax: Int64 = 5000
  /// A member that rests is looked at, and learns, with one record in so many.
  static let lookEvery: Int64 = 16

  /// Whether a member is left out: it has been worth next to nothing for long. So work follows what it is worth.
  @inline(__always)
  func rests(_ member: Int) -> Bool { idle.pointer[member] > Self.idleMax }

  /// Whether members that rest learn the next record too.
  var looks: Bool { learned % Self.lookEvery == 0 }

  /// What outputs of a regression are multiplied by, and what is added.
  var labelScale: Double {
    guard form.task == .regression, labels[0] > 1, labels[2] > 0 else { return 1 }
    return (labels[2] / labels[0]).squareRoot()
  }
  var labelMean: Double { form.task == .regression ? labels[1] : 0 }

  /// A label as it is learned: of values one that is not beyond 20 deviations, once there are some.
  func held(_ label: Float) -> Double {
    let label = Double(label)
    guard form.task == .regression, labels[0] > 64 else { return label }
    let reach = 20 * labelScale
    return min(max(label, labelMean - reach), labelMean + reach)
  }

  func see(label: Double) {
    labels[0] += 1
    let off = label - labels[1]
    labels[1] += off / labels[0]
    labels[2] += off * (label - labels[1])
  }

  /// The first part that holds a NaN or an infinity; nil: all are numbers.
  var firstNonFinitePart: String? {
    guard inputs.isFinite, labels.buffer.allSatisfy(\.isFinite) else { return "input" }
    guard worth.buffer.allSatisfy(\.isFinite), moved.buffer.allSatisfy(\.isFinite) else { return "output" }
    for (place, member) in members.enumerated() {
      let buffers: [(AlignedBuffer<Float>, Int)]
      let rows = inputs.rowCount
      switch member {
      case .deep(let deep):
        buffers = [(deep.dense, deep.dense.count), (deep.rows, rows * DeepMember.first), (deep.sums, rows)]
      case .wide(let wide):
        buffers = [(wide.rows, rows * form.outputs), (wide.crosses, wide.crosses.count)]
      case .near: continue
      }
      for (buffer, count) in buffers where !Finiteness.isFinite(buffer.pointer, count) { return plan[place].name }
    }
    return nil
  }
}
