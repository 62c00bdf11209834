import Health
import Learning
import Tensors

/// A model that is no learner, for tests: it hands on to one, and writes down what it was asked for.
final class WatchedModel: Model {
  private let learner: Learner
  private(set) var calls: [String] = []
  /// Nothing that it is asked gives a number.
  var isDamaged = false
  /// Which of its updates are not finite, counted from 0.
  var refusedUpdates: Set<Int> = []
  /// When a bit of a weight flips; nil: never.
  var flipsBitAfterStep: Int64?
  /// What happens to the learner's memory, once, before its records of step `harmAfterStep` + 1 are predicted.
  var harm: ((Learner) -> Void)?
  var harmAfterStep: Int64 = 0
  /// In which step, the first time that it is made, a bit of the gradient flips.
  var spoilsGradientOf: Int64?

  init(_ learner: Learner) { self.learner = learner }

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
  func nonFiniteRows(in batch: FeatureBatch) -> [NonFiniteRow] {
    guard isDamaged else { return learner.nonFiniteRows(in: batch) }
    return (0..<batch.count).map { NonFiniteRow(row: $0, layer: "output", feature: nil) }
  }
  func takeHealth() -> [LayerHealth] { learner.takeHealth() }
  func encodeState() -> [UInt8] { learner.encodeState() }
  func restoreState(_ bytes: [UInt8]) throws { try learner.restoreState(bytes) }
  func hasShape(of spec: LearnerSpec) -> Bool { learner.hasShape(of: spec) }
  func adoptState(
    _ bytes: [UInt8], of old: LearnerSpec, rows: [String: [UInt32]], listed: [String: [UInt32: UInt64]]
  ) throws { try learner.adoptState(bytes, of: old, rows: rows, listed: listed) }

  func predict(_ batch: FeatureBatch) {
    calls.append("predict")
    if let harm, learner.step == harmAfterStep {
      harm(learner)
      self.harm = nil
    }
    learner.predict(batch)
  }

  func backward(_ batch: FeatureBatch, parts: BatchParts?) -> LocalStep {
    calls.append("backward")
    var local = learner.backward(batch, parts: parts)
    if isDamaged { local.isFinite = false }
    if learner.step + 1 == spoilsGradientOf {
      let gradient = learner.denseNodes
      if let place = gradient.indices.max(by: { abs(gradient[$0]) < abs(gradient[$1]) }) {
        gradient[place] = Float(bitPattern: gradient[place].bitPattern ^ 1 << 22)
      }
      spoilsGradientOf = nil
    }
    return local
  }

  func absorb(attachments: [UnsafeRawBufferPointer]) throws {
    calls.append("absorb")
    try learner.absorb(attachments: attachments)
  }

  func absorbOwn() {
    calls.append("absorb")
    learner.absorbOwn()
  }

  func remember(_ facts: [RecordFact]) {
    calls.append("remember")
    learner.remember(facts)
  }

  func apply(labelled: Int, weight: Double?, lossSum: Double) -> Update {
    let number = calls.count { $0 == "apply" }
    calls.append("apply")
    if refusedUpdates.contains(number) { return Update(gradientNorm: .nan, wasClipped: false, isFinite: false) }
    if learner.step == flipsBitAfterStep {
      let weights = learner.network.parameters
      weights[0] = Float(bitPattern: weights[0].bitPattern ^ 1 << 16)
    }
    return learner.apply(labelled: labelled, weight: weight, lossSum: lossSum)
  }

  func discardStep() {
    calls.append("discard")
    learner.discardStep()
  }
}
