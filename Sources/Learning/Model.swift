public import Health
public import Tensors
public import Vocabulary

/// What a worker learns with: all that it asks of a model, whatever the model is made of.
///
/// The order of a step: `predict` → `backward` → (sum `denseGradient` over ranks, gather attachments and facts) → `absorb` and
/// `remember` → `apply`, or `discardStep` instead; alone, `absorbOwn` takes the place of `absorb`. Confined to one thread at a
/// time. A `Learner` is a model of one member; several, each with parameters and optimisers of its own, would be one too: their
/// dense gradients one behind the other, their layers' names with a prefix.
public protocol Model: AnyObject {
  /// The batches that it reads.
  var batchShape: BatchShape { get }
  /// The primary head's outputs a row.
  var outputCount: Int { get }

  /// From now on so many classes of the primary head are known: the first of its outputs; the others answer 0 and learn
  /// nothing. Only of a spec that finds them.
  func know(classes: Int)

  /// Answers a batch. Now and then that of the step just applied, once more; `discardStep` follows then.
  func predict(_ batch: FeatureBatch)
  /// Shape [rows of the last batch × outputCount].
  var outputs: UnsafeBufferPointer<Float> { get }
  /// The same of any head; shape [rows × its outputs].
  func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float>

  /// How what records say is added up; as a whole, unless it is set. Set between steps: it forgets the step in hand.
  var summation: Summation { get set }
  /// Gradient sums over the labelled rows of the batch just predicted, and all else that this rank's records say.
  ///
  /// - Parameter parts: Of the batch, in steps that are summed by partition; nil in others.
  func backward(_ batch: FeatureBatch, parts: BatchParts?) -> LocalStep
  /// By part of that batch: what `backward` says of the whole, but for whether its gradients are finite.
  var partSteps: [LocalStep] { get }
  /// To be summed over ranks in place; as long on every rank. By partition: the place for the sum of all ranks' nodes.
  var denseGradient: UnsafeMutableBufferPointer<Float> { get }
  /// Stretches of `denseGradient` in the order in which `backward` makes them final, all values each once; the same on every
  /// rank.
  var gradientOrder: [Range<Int>] { get }
  /// Called within `backward` of a batch without parts, with the number of stretches that are final; the values of these may be
  /// written over then.
  var gradientWatch: ((Int) -> Void)? { get set }
  /// Shape [nodes × as long as `denseGradient`], by partition: the sums of `summation.nodes`, one behind the other; zeros where
  /// one has no rows. The first of them lies in `denseGradient`, which takes the sum of all ranks' nodes in the tree's order;
  /// whether zeros were added or left out makes no difference after `absorb`.
  var denseNodes: UnsafeMutableBufferPointer<Float> { get }
  /// Appends what else this rank's records leave to be learned.
  func appendAttachment(to bytes: inout [UInt8])
  /// The most bytes by which attachments grow with the size of the model.
  var touchedBytesMax: Int { get }
  /// What this rank's records of the step in hand say that is to be remembered: in the order of the batch's rows, and of a
  /// row's shelves; of each one number at most. Rows that are taken out of the step are the worker's to leave out.
  var facts: [RecordFact] { get }
  /// What the stream has said by key. It is no part of `encodeState`: it has a state of its own, and no version. Without shelves
  /// where the model remembers nothing.
  var memory: Memory { get }

  /// Sums all ranks' attachments, given in rank order, once `denseGradient` has the sum of all ranks.
  func absorb(attachments: [UnsafeRawBufferPointer]) throws
  /// Instead of `absorb`, for a rank that is alone.
  func absorbOwn()
  /// Hands over all ranks' facts: before `apply`, which takes them up ahead of the update, unless it forgets the step.
  ///
  /// - Parameter facts: In the order of the records: by partition, then by offset, then by shelf. `row` is not looked at.
  func remember(_ facts: [RecordFact])
  /// Takes the step that all ranks agreed on; where the answer is not finite, nothing was applied.
  func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update
  /// What the learning rates of the next step are multiplied by; 1, unless it is set. The same on every rank; no part of the state.
  var rateScale: Double { get set }
  /// The learning rate of the next step, times `rateScale`.
  var nextRate: Double { get }
  /// A step whose gradient has a larger norm, before clipping by norm, is not applied; infinity, unless it is set.
  var gradientNormMax: Double { get set }
  /// Whether updates come with a digest of a part of the state, another one each time, so that ranks that hold the same can
  /// see that they do; not, unless it is set.
  var isWatched: Bool { get set }
  /// Of all of the state and of the memory, as they are between two steps: what ranks that hold the same agree on.
  func digestState() -> StateBlocks
  /// Whether it notes which rows of tables steps change; not, unless it is set, and not any more once a state was restored.
  var notesRows: Bool { get set }
  /// What is not as it was at the last call, or since that was set, though no step has changed it, in words: how a rank that is
  /// alone sees that it does not hold what it should. Rows of tables, and what optimizers keep of them, can be seen so.
  func takeSpoiled() -> [String]
  /// Forgets the step in hand.
  func discardStep()

  /// The rows that alone give a number that is none; outputs and gradients of the step in hand are lost.
  func nonFiniteRows(in batch: FeatureBatch) -> [NonFiniteRow]
  /// What of the batch that `backward` saw last lay far outside its usual range.
  var wildValues: [WildValues] { get }
  /// Each layer's window since the last take: the steps that were applied in it, so not the one in hand. Begins a new one.
  func takeHealth() -> [LayerHealth]
  /// What each layer's work took since the last take, by a sample of the steps that were applied, and the memory that it takes.
  func takeCosts() -> [LayerCost]

  /// What each member counts; empty: the model has none.
  var memberWeights: [MemberWeight] { get }

  /// All that the next step depends on but the memory: the same bytes for the same state.
  func encodeState() -> [UInt8]
  /// Goes on from a state with the same bits.
  func restoreState(_ bytes: [UInt8]) throws
  /// Goes on from a state of an older spec, by names, as `Learner.adoptState` says.
  func adoptState(
    _ bytes: [UInt8], of old: LearnerSpec, rows: [String: [UInt32]], listed: [String: [UInt32: UInt64]]) throws
  /// Whether states of that spec are states of this model.
  func hasShape(of spec: LearnerSpec) -> Bool
}

extension Model {
  public var memberWeights: [MemberWeight] { [] }

  /// The same of a batch that is summed as a whole.
  public func backward(_ batch: FeatureBatch) -> LocalStep { backward(batch, parts: nil) }

  /// The memory's state; nil: the model remembers nothing.
  public func encodeMemory() -> [UInt8]? { memory.isNothing ? nil : memory.encodeState() }

  /// Goes on from a memory with the same bits; nil: nothing was remembered.
  public func restoreMemory(_ bytes: [UInt8]?) throws {
    if let bytes { try memory.restoreState(bytes) } else { memory.clear() }
  }
}

extension Learner: Model {
  public func know(classes: Int) { network.primary.know(classes) }
  public var batchShape: BatchShape { spec.batchShape }
  public func hasShape(of spec: LearnerSpec) -> Bool { self.spec.hasShape(of: spec) }
}
