import Health
import Learning
import Tensors

/// A model that hands all on to a learner; a subclass overrides what it is there to see or to spoil.
class ForwardingModel: Model {
  let learner: Learner

  required init(_ learner: Learner) { self.learner = learner }

  var batchShape: BatchShape { learner.batchShape }
  var outputCount: Int { learner.outputCount }
  var outputs: UnsafeBufferPointer<Float> { learner.outputs }
  var denseGradient: UnsafeMutableBufferPointer<Float> { learner.denseGradient }
  var denseNodes: UnsafeMutableBufferPointer<Float> { learner.denseNodes }
  var gradientOrder: [Range<Int>] { learner.gradientOrder }
  var gradientWatch: ((Int) -> Void)? {
    get { learner.gradientWatch }
    set { learner.gradientWatch = newValue }
  }
  var partSteps: [LocalStep] { learner.partSteps }
  var summation: Summation {
    get { learner.summation }
    set { learner.summation = newValue }
  }
  var rateScale: Double {
    get { learner.rateScale }
    set { learner.rateScale = newValue }
  }
  var nextRate: Double { learner.nextRate }
  var gradientNormMax: Double {
    get { learner.gradientNormMax }
    set { learner.gradientNormMax = newValue }
  }
  var isWatched: Bool {
    get { learner.isWatched }
    set { learner.isWatched = newValue }
  }
  var notesRows: Bool {
    get { learner.notesRows }
    set { learner.notesRows = newValue }
  }
  func takeSpoiled() -> [String] { learner.takeSpoiled() }
  func digestState() -> StateBlocks { learner.digestState() }
  var touchedBytesMax: Int { learner.touchedBytesMax }
  var facts: [RecordFact] { learner.facts }
  var memory: Memory { learner.memory }
  var wildValues: [WildValues] { learner.wildValues }
  func know(classes: Int) { learner.know(classes: classes) }
  func outputs(ofHead head: Int) -> UnsafeBufferPointer<Float> { learner.outputs(ofHead: head) }
  func appendAttachment(to bytes: inout [UInt8]) { learner.appendAttachment(to: &bytes) }
  func nonFiniteRows(in batch: FeatureBatch) -> [NonFiniteRow] { learner.nonFiniteRows(in: batch) }
  func takeHealth() -> [LayerHealth] { learner.takeHealth() }
  func takeCosts() -> [LayerCost] { learner.takeCosts() }
  func encodeState() -> [UInt8] { learner.encodeState() }
  func restoreState(_ bytes: [UInt8]) throws { try learner.restoreState(bytes) }
  func hasShape(of spec: LearnerSpec) -> Bool { learner.hasShape(of: spec) }
  func adoptState(
    _ bytes: [UInt8], of old: LearnerSpec, rows: [String: [UInt32]], listed: [String: [UInt32: UInt64]]
  ) throws { try learner.adoptState(bytes, of: old, rows: rows, listed: listed) }
  func predict(_ batch: FeatureBatch) { learner.predict(batch) }
  func backward(_ batch: FeatureBatch, parts: BatchParts?) -> LocalStep { learner.backward(batch, parts: parts) }
  func absorb(attachments: [UnsafeRawBufferPointer]) throws { try learner.absorb(attachments: attachments) }
  func absorbOwn() { learner.absorbOwn() }
  func remember(_ facts: [RecordFact]) { learner.remember(facts) }
  func discardStep() { learner.discardStep() }
  func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    learner.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }

  /// Where the dense parameters of a layer lie in their vector, and its gradient in its own.
  func indices(of layer: String) -> [Int] {
    var indices: [Int] = []
    learner.network.layout.forEachParameter { name, index in if name == layer { indices.append(index) } }
    precondition(!indices.isEmpty, "there is no layer \(layer)")
    return indices
  }
}
