public import Tensors

/// A model that answers but does not learn, with the same bits as `Learner.predict`. Confined to one thread at a time.
public final class Predictor {
  public let batchCapacity: Int
  private let model: ModelParameters
  private let network: Network

  /// - Parameter model: Read from a state; other predictors may share it.
  public convenience init(_ model: ModelParameters, batchCapacity: Int, kernels: Kernels = .active) {
    self.init(model, memory: nil, batchCapacity: batchCapacity, kernels: kernels)
  }

  /// - Parameter memory: Of the lineage: read as it is when a batch is predicted, whoever changes it and whatever spec it is
  ///   of; other predictors may share it. nil: an empty one. Of one thread, as the predictor is.
  public init(_ model: ModelParameters, memory: Memory?, batchCapacity: Int, kernels: Kernels = .active) {
    self.model = model
    self.batchCapacity = batchCapacity
    network = Network(model, memory: memory, batchCapacity: batchCapacity, learns: false, kernels: kernels)
  }

  /// - Parameter state: What `Learner.encodeState` gave.
  /// - Throws: `LearningError` on another spec or damage.
  public convenience init(
    spec: LearnerSpec, state: [UInt8], batchCapacity: Int, kernels: Kernels = .active
  ) throws {
    self.init(try ModelParameters(spec: spec, state: state), batchCapacity: batchCapacity, kernels: kernels)
  }

  /// Whether what it answers depends on what the stream says by key.
  public var remembers: Bool { !network.memory.shelves.isEmpty }

  /// Reads another memory of the lineage from now on, whatever spec it is of: its encoders find what is theirs by name. Of a
  /// predictor that shares its memory with nobody.
  ///
  /// - Throws: `LearningError` on damage; then it reads what it did.
  public func adoptMemory(_ state: [UInt8]) throws { try network.memory.adoptState(state) }

  public var spec: LearnerSpec { model.spec }
  /// Steps that the state had behind it.
  public var step: Int64 { model.step }

  /// The primary head's outputs a row: binary 1, multiclass the classes that the version knows, regression 1.
  public var outputCount: Int { spec.heads[0].knownCount }

  public func predict(_ batch: FeatureBatch) {
    withArithmeticMode { network.forward(batch, countsHealth: false) }
  }

  /// Shape [rows of the last batch × outputCount]: probabilities, or the value in label units; the primary head's.
  public var outputs: UnsafeBufferPointer<Float> { network.outputs(ofHead: 0) }

  /// The same of any head, in the order of the spec; shape [rows × its outputs].
  public func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float> { network.outputs(ofHead: head) }

  /// Whether the outputs of `row` of the last batch, and the logits behind them, are all numbers.
  public func isFinite(row: Int) -> Bool {
    precondition(row >= 0 && row < network.count)
    return network.isFinite(row)
  }

  /// Per row of the last predicted batch: the loss that the primary head learns by, of a value in label units (squared
  /// error is not halved); NaN without a label.
  public func losses(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    withArithmeticMode { network.losses(batch, into: losses) }
  }

  /// The first layer or table that holds a NaN or an infinity; nil: all parameters are numbers.
  public func firstNonFiniteParameter() -> String? { model.firstNonFiniteParameter() }
}
