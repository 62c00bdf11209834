import Tensors

/// A model that answers but does not learn, with the same bits as `Learner.predict`. Confined to one thread at a time.
public final class Predictor {
  public let spec: LearnerSpec
  public let batchCapacity: Int
  /// Steps that the state had behind it.
  public let step: Int64
  private let network: Network

  /// - Parameter state: What `Learner.encodeState` gave.
  /// - Throws: `LearningError` on another spec or damage.
  public init(spec: LearnerSpec, state: [UInt8], batchCapacity: Int, kernels: Kernels = .active) throws {
    self.spec = spec
    self.batchCapacity = batchCapacity
    network = Network(spec: spec, batchCapacity: batchCapacity, learns: false, kernels: kernels)
    let network = network
    step = try state.withUnsafeBytes { raw in
      var reader = StateReader(raw)
      var copies = PendingCopies()
      let header = try ModelStateFormat.readHeader(&reader, spec: spec)
      try network.read(&reader, into: &copies)
      copies.perform()
      return header.step
    }
    network.normalizer.refresh()
  }

  /// Outputs a row: binary 1, multiclass K, regression 1.
  public var outputCount: Int { spec.outputCount }

  public func predict(_ batch: FeatureBatch) {
    withArithmeticMode { network.forward(batch, countsHealth: false) }
  }

  /// Shape [rows of the last batch × outputCount]: probabilities, or the value in label units.
  public var outputs: UnsafeBufferPointer<Float> {
    UnsafeBufferPointer(start: network.primary.outputs.pointer, count: network.count * outputCount)
  }

  /// Whether the outputs of `row` of the last batch, and the logits behind them, are all numbers.
  public func isFinite(row: Int) -> Bool {
    precondition(row >= 0 && row < network.count)
    return network.isFinite(row)
  }

  /// Per row of the last predicted batch: log loss, cross-entropy or, for regression, squared error in label units; NaN
  /// without a label.
  public func losses(_ batch: FeatureBatch, into losses: UnsafeMutablePointer<Float>) {
    withArithmeticMode { network.losses(batch, into: losses) }
  }

  /// The first layer or table that holds a NaN or an infinity; nil: all parameters are numbers.
  public func firstNonFiniteParameter() -> String? { network.firstNonFiniteParameter() }
}
