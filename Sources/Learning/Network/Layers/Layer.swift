import Tensors

/// What a layer reads or gives a record: `steps` positions of `width` values, one position after the other. A table's
/// record has one step.
struct Extent: Sendable, Hashable {
  var steps = 1
  var width: Int

  /// Values a record.
  var count: Int { steps * width }
}

/// A layer before it has buffers: its form, a pure function of the spec, the same on every rank.
protocol LayerPlan: Sendable {
  /// As health, incidents and profiles name it.
  var name: String { get }
  var input: Extent { get }
  var output: Extent { get }
  /// In canonical order; none: nothing is learned in it.
  var blocks: [ParameterBlock] { get }
  /// Its weights begin as the spec's activation wants them; else as Glorot's.
  var followsActivation: Bool { get }
  /// What a state has to agree with beyond what `ModelStateFormat` compares of the spec; nil: nothing.
  var signature: String? { get }

  /// What the rows and columns of one of its blocks stand for: so weights follow what they were learned for.
  ///
  /// - Parameter readsColumns: The layer reads the encoded input itself.
  func axes(of block: ParameterBlock, readsColumns: Bool) -> BlockAxes
  /// What the values of `output` stand for.
  var outputAxis: BlockAxes.Axis { get }

  func makeLayer(_ site: LayerSite) -> any Layer
}

extension LayerPlan {
  var followsActivation: Bool { false }
  var signature: String? { nil }
}

/// What a layer is made for.
struct LayerSite {
  let spec: LearnerSpec
  /// The most rows of a batch.
  let capacity: Int
  /// Keeps what the way back and health need.
  let learns: Bool
}

/// One step of a branch, with buffers for a batch. One thread at a time.
protocol Layer: AnyObject {
  /// Outputs of the last batch, from row 0.
  var y: Rows { get }
  /// What health counts of it; nil: nothing.
  var observed: ObservedLayer? { get }
  /// How `backward` gives the gradient by what the layer reads.
  var gradientWay: GradientWay { get }
  /// Of its buffers, for the largest batch.
  var bytes: Int { get }

  /// Rows `first ..< first + count`; `flow` lies at row `first` already.
  func forward(_ context: LayerContext, rows first: Int, count: Int, _ flow: LayerInput, pass: ForwardPass)

  /// Writes the gradient sums of its own blocks, says that they are final (`step.order`) if it has any, and then writes the
  /// gradient by what it reads; `flow` lies at row 0.
  func backward(_ context: LayerContext, _ step: BackwardStep, _ flow: GradientFlow)
}

/// How a layer gives the gradient by what it reads.
enum GradientWay {
  /// Into `dx`, over what is there.
  case overwrites
  /// Into `dx`, on top of what is there.
  case adds
  /// In `dy`, which is as wide; and by the branch's input into `rootGradient`.
  case inPlace
}

/// What a layer reads on the way forward.
struct LayerInput {
  /// What the layer before gave, or the branch's input.
  let x: Rows
  /// The branch's input.
  let root: Rows
}

/// What a layer reads and writes on the way back.
struct GradientFlow {
  /// What `forward` read.
  let input: LayerInput
  /// Gradient by the layer's output; may be written over.
  let dy: Rows
  /// Receives the gradient by the first `columns` values that were read; nil: nobody wants it.
  let dx: Rows?
  let columns: Int
  /// Gains the gradient by the branch's input; nil unless `inPlace`.
  let rootGradient: Rows?
  /// Rows as wide as the branch's input, for anything; nil unless `inPlace`.
  let spare: Rows?
}

/// A layer whose outputs are counted.
struct ObservedLayer {
  let name: String
  /// Of the last batch.
  let y: Rows
  let units: Int
  /// nil in a predictor.
  let stats: UnitStats?
  /// Of what the activation takes in, in steps that look; nil: there is none, or it is a predictor's.
  var inputs: ValueCounts?
  /// Columns of these.
  var inputWidth = 0
}
