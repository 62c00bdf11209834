package import Tensors

/// An encoder before it has buffers: its form, a pure function of the spec, the same on every rank.
package protocol EncoderPlan: Sendable {
  /// Columns of the encoded input that it writes.
  var width: Int { get }
  /// What it looks up is learned, so it wants the gradient by its columns. Such encoders come before all others.
  var isLearned: Bool { get }
  /// What it wants to remember of records by key; nil: nothing.
  var memory: MemoryForm? { get }
  /// What a state has to agree with beyond what `ModelStateFormat` compares of the spec; nil: nothing.
  var signature: String? { get }

  func makeEncoder(_ site: EncoderSite) -> any InputEncoder
}

extension EncoderPlan {
  package var memory: MemoryForm? { nil }
  package var signature: String? { nil }
}

/// What an encoder is made for.
package struct EncoderSite {
  let model: ModelParameters
  /// The columns of the encoded input that are the encoder's.
  package let columns: Range<Int>
  /// The encoded input, and the gradient by it.
  package let x, gradient: Rows
  /// Where it remembers; nil: it does not.
  package let shelf: MemoryShelf?
  /// The most rows of a batch.
  package let capacity: Int
  /// Keeps what the way back needs.
  package let learns: Bool
}

/// Some inputs of a record on their way to the branches: a batch becomes columns of the encoded input, and what the batch says
/// of these inputs is learned. Buffers for a batch; one thread at a time.
package protocol InputEncoder: AnyObject {
  /// Writes its columns. Encoders run from left to right: what vectors write beyond their columns is written over by the next.
  /// Traps on a batch of another shape.
  func encode(_ context: LayerContext, _ batch: FeatureBatch)

  /// Adds what the batch encoded last says of the logits without any branch: the wide weights of what was looked up.
  func addLogits(_ batch: FeatureBatch, to heads: [Head])

  /// Makes of the gradient by its columns, in place, that by what was looked up.
  func backward(_ context: LayerContext, rows: Int)

  /// Adds what some rows of the batch leave to be learned of its inputs to this rank's share, or to that of a part; they are
  /// asked for in order, one stretch after the other.
  func collect(_ context: LayerContext, _ batch: FeatureBatch, rows: Range<Int>, heads: [Head], into share: StepShare)

  /// Takes up what all ranks' records say; after the update of the weights.
  ///
  /// - Parameters:
  ///   - share: All ranks'.
  ///   - step: Steps applied before this one.
  ///   - optimizers: What they remember goes where rows go.
  func learn(_ share: StepShare, step: Int64, _ optimizers: OptimizerGroups)

  /// Adds what the batch says that is to be remembered: rows ascend, and each says one thing at most.
  func addFacts(of batch: FeatureBatch, to facts: inout [RecordFact])

  /// Takes up what all ranks' records say, in the order of the records; before the update of the weights. Those of other
  /// shelves are among them.
  func absorb(_ facts: [RecordFact])

  /// Of a batch of one row that was encoded: what it says of each input, and the columns that this came to.
  func noteInputs(of batch: FeatureBatch, _ walk: WalkRecorder)

  /// Of a batch of one row that has gone forward and back: the gradients by what each input looked up.
  func noteGradients(of batch: FeatureBatch, heads: [Head], _ walk: WalkRecorder)

  /// Of a batch of one row: makes what it says itself of its inputs usual. What it looks up stays.
  func makeUsual(_ batch: FeatureBatch)

  /// Of a batch of one row that is not sound: the input that alone is to blame.
  ///
  /// - Parameter isSound: Whether the batch, as it is now, gives numbers all the way.
  func culprit(in batch: FeatureBatch, isSound: () -> Bool) -> String?
}

extension InputEncoder {
  package func addLogits(_ batch: FeatureBatch, to heads: [Head]) {}
  package func backward(_ context: LayerContext, rows: Int) {}
  package func collect(
    _ context: LayerContext, _ batch: FeatureBatch, rows: Range<Int>, heads: [Head], into share: StepShare
  ) {}
  package func learn(_ share: StepShare, step: Int64, _ optimizers: OptimizerGroups) {}
  package func addFacts(of batch: FeatureBatch, to facts: inout [RecordFact]) {}
  package func absorb(_ facts: [RecordFact]) {}
  package func noteInputs(of batch: FeatureBatch, _ walk: WalkRecorder) {}
  package func noteGradients(of batch: FeatureBatch, heads: [Head], _ walk: WalkRecorder) {}
  package func makeUsual(_ batch: FeatureBatch) {}
  package func culprit(in batch: FeatureBatch, isSound: () -> Bool) -> String? { nil }
}
