public import Tensors

/// A model that answers but does not learn, with the same bits as `Model.predict`. Confined to one thread at a time.
public final class Predictor {
  public let batchCapacity: Int
  public let spec: LearnerSpec
  /// Steps that the state had behind it.
  public let step: Int64
  private let body: Body

  private enum Body {
    case network(Network, ModelParameters)
    case recipe(RecipeAnswers)
  }

  /// - Parameter model: Read from a state; other predictors may share it.
  public convenience init(_ model: ModelParameters, batchCapacity: Int, kernels: Kernels = .active) {
    self.init(model, memory: nil, batchCapacity: batchCapacity, kernels: kernels)
  }

  /// - Parameter memory: Of the lineage: read as it is when a batch is predicted, whoever changes it and whatever spec it is
  ///   of; other predictors may share it. nil: an empty one. Of one thread, as the predictor is.
  public convenience init(_ model: ModelParameters, memory: Memory?, batchCapacity: Int, kernels: Kernels = .active) {
    self.init(.network(model), memory: memory, batchCapacity: batchCapacity, kernels: kernels)
  }

  /// The same of any kind of model.
  public init(_ model: FrozenModel, memory: Memory? = nil, batchCapacity: Int, kernels: Kernels = .active) {
    self.batchCapacity = batchCapacity
    spec = model.spec
    switch model {
    case .network(let model):
      step = model.step
      let network = Network(model, memory: memory, batchCapacity: batchCapacity, learns: false, kernels: kernels)
      body = .network(network, model)
    case .recipe(let version):
      step = version.parameters.step
      body = .recipe(
        RecipeAnswers(version.parameters, memory: memory?.recipe, capacity: batchCapacity, kernels: kernels))
    }
  }

  /// - Parameter state: What `Model.encodeState` gave.
  /// - Throws: `LearningError` on another spec or damage.
  public convenience init(
    spec: LearnerSpec, state: [UInt8], batchCapacity: Int, kernels: Kernels = .active
  ) throws {
    self.init(try FrozenModel(spec: spec, state: state), batchCapacity: batchCapacity, kernels: kernels)
  }

  /// Whether what it answers depends on what the stream says by key.
  public var remembers: Bool {
    switch body {
    case .network(let network, _): !network.memory.isNothing
    case .recipe: true
    }
  }

  /// Reads another memory of the lineage from now on, whatever spec it is of: it finds what is its own by name. Of a
  /// predictor that shares its memory with nobody.
  ///
  /// - Throws: `LearningError` on damage; then it reads what it did.
  public func adoptMemory(_ state: [UInt8]) throws {
    switch body {
    case .network(let network, _): try network.memory.adoptState(state)
    case .recipe(let answers): try answers.adopt(state)
    }
  }

  /// The primary head's outputs a row: binary 1, multiclass the classes that the version knows, regression 1.
  public var outputCount: Int { spec.heads[0].knownCount }

  public func predict(_ batch: FeatureBatch) {
    withArithmeticMode {
      switch body {
      case .network(let network, _): network.forward(batch, countsHealth: false)
      case .recipe(let answers): answers.predict(batch)
      }
    }
  }

  /// Shape [rows of the last batch × outputCount]: probabilities, or the value in label units; the primary head's.
  public var outputs: UnsafeBufferPointer<Float> { outputs(ofHead: 0) }

  /// The same of any head, in the order of the spec; shape [rows × its outputs].
  public func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float> {
    switch body {
    case .network(let network, _): network.outputs(ofHead: head)
    case .recipe(let answers): answers.outputs
    }
  }

  /// Whether the outputs of `row` of the last batch, and the logits behind them, are all numbers.
  public func isFinite(row: Int) -> Bool {
    switch body {
    case .network(let network, _):
      precondition(row >= 0 && row < network.count)
      return network.isFinite(row)
    case .recipe(let answers):
      precondition(row >= 0 && row < answers.count)
      return answers.isFinite(row)
    }
  }

  /// Per row of the last predicted batch: the loss that the primary head is judged by, of a value in label units (squared
  /// error is not halved); NaN without a label.
  public func losses(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    withArithmeticMode {
      switch body {
      case .network(let network, _): network.losses(batch, into: losses)
      case .recipe(let answers): answers.losses(batch, into: losses)
      }
    }
  }

  /// The first layer or table that holds a NaN or an infinity; nil: all parameters are numbers.
  public func firstNonFiniteParameter() -> String? {
    switch body {
    case .network(_, let model): model.firstNonFiniteParameter()
    case .recipe(let answers): answers.parameters.firstNonFinitePart
    }
  }
}
