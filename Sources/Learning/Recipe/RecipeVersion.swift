public import Health
import Tensors
public import Vocabulary

/// The numbers of a version, whatever kind its model is of: read from a state for good; any number of predictors share them.
public enum FrozenModel: Sendable {
  case network(ModelParameters)
  case recipe(RecipeVersion)

  /// - Parameter state: What `Model.encodeState` gave.
  /// - Throws: `LearningError` on another spec or damage.
  public init(spec: LearnerSpec, state: [UInt8]) throws {
    if spec.recipe != nil {
      self = .recipe(RecipeVersion(parameters: try RecipeParameters(spec, state: state)))
    } else {
      self = .network(try ModelParameters(spec: spec, state: state))
    }
  }

  public var spec: LearnerSpec {
    switch self {
    case .network(let model): model.spec
    case .recipe(let version): version.parameters.spec
    }
  }

  /// The first layer, member or table that holds a NaN or an infinity, `input` for the statistics of the inputs; nil: all
  /// parameters are numbers.
  public func firstNonFiniteParameter() -> String? {
    switch self {
    case .network(let model): model.firstNonFiniteParameter()
    case .recipe(let version): version.parameters.firstNonFinitePart
    }
  }

  /// What of each category's values is known; a recipe's rows are everybody's.
  public var valueRows: [ValueRows] {
    if case .network(let model) = self { model.valueRows } else { [] }
  }

  /// By what numbers are standardised, in the order of the spec.
  public var numberScales: [NumberScale] {
    switch self {
    case .network(let model): model.numberScales
    case .recipe(let version):
      version.parameters.spec.numbers.enumerated().filter(\.element.standardize).map { place, number in
        let known = version.parameters.inputs.statistics(ofNumber: place)
        return NumberScale(
          feature: number.name, count: Double(known.count), mean: known.mean, deviation: known.deviation)
      }
    }
  }

  /// Little-endian bytes of the parameters alone, for a digest.
  public var canonicalBytes: [UInt8] {
    switch self {
    case .network(let model): model.canonicalBytes
    case .recipe(let version): version.parameters.encodeState()
    }
  }
}

/// The numbers of a recipe's version.
public struct RecipeVersion: Sendable {
  let parameters: RecipeParameters

  /// What each member is worth in the sum of all.
  public var memberWeights: [MemberWeight] {
    parameters.plan.enumerated().map { MemberWeight(member: $1.name, weight: parameters.worth[$0]) }
  }
  /// Values that have rows of their own, and records that were learned.
  public var valueRows: Int { parameters.inputs.rowCount - parameters.form.firstRows }
  public var learned: Int64 { parameters.learned }
}

/// A recipe that answers: by its own parameters, and by the memory as it is.
final class RecipeAnswers {
  let parameters: RecipeParameters
  private let pass: RecipePass
  /// Read where it lies; of another form only its labels and keys.
  private let followed: RecipeMemory?
  private let own: RecipeMemory

  /// - Parameter memory: The learner's; nil: one of its own.
  init(_ parameters: RecipeParameters, memory: RecipeMemory?, capacity: Int, kernels: Kernels) {
    self.parameters = parameters
    pass = RecipePass(parameters, capacity: capacity, learns: false, kernels: kernels)
    let form = parameters.form.memory
    if let memory, memory.form == form {
      (own, followed) = (memory, nil)
    } else {
      (own, followed) = (RecipeMemory(form), memory)
    }
  }

  func adopt(_ state: [UInt8]) throws { own.adopt(try RecipeMemory(state: state, form: nil)) }

  func predict(_ batch: FeatureBatch) {
    if let followed { own.follow(followed) }
    pass.run(batch, own)
  }

  var outputs: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: pass.answers.pointer, count: pass.count * pass.answerWidth)
  }

  var count: Int { pass.count }
  func isFinite(_ row: Int) -> Bool { pass.isFinite(row) }

  /// Per row: log loss, or squared error; NaN without a label.
  func losses(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    pass.measure(batch, into: losses)
  }
}
