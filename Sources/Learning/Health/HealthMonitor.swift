import Health
import Tensors

/// Gathers what `takeHealth` answers: the hidden layers' counts, the logits', gradients and updates a layer. A batch is counted
/// once its step is applied, so that records of a step that is made again are counted once.
final class HealthMonitor {
  /// Stretches of the parameter vector, one a layer.
  let segments: [Range<Int>]
  /// Σ g² of the step in hand, by segment; counted when the step is applied.
  let pendingSquares: AlignedBuffer<Double>

  private let network: Network
  /// Layers whose outputs are counted, and by segment the place of its layer among them.
  private let observed: [ObservedLayer]
  private let places: [Int?]
  private let names: [String]
  private let gradientSquares, updateNorms: AlignedBuffer<Double>
  private var steps: Int64 = 0
  /// Rows of the window; those of the batch in hand are not among them.
  private var rows: Int64 = 0
  /// By observed layer, the window's counts of its units; the layer itself counts the batch in hand. nil: nothing is counted.
  private let totals: [UnitStats?]
  /// Rows until the next one for the histograms.
  private var untilSample = 0
  private let every: Int
  private let buckets: [BucketCounts]
  /// Of each head's logits.
  private let heads: [ValueCounts]
  private let batch: ObservedBatch
  let tensors: TensorMonitor
  /// By observed layer, what its activation took in over the window; nil: it has none.
  private let inputs: [ValueCounts?]

  init(_ network: Network) {
    self.network = network
    let parts = network.layout.segments
    let observed = network.observed
    self.observed = observed
    places = parts.map { part in observed.firstIndex { $0.name == part.name } }
    totals = observed.map { layer in layer.stats.map { UnitStats(units: $0.units) } }
    segments = parts.map(\.range)
    names = parts.map(\.name)
    pendingSquares = AlignedBuffer(count: parts.count)
    gradientSquares = AlignedBuffer(count: parts.count)
    updateNorms = AlignedBuffer(count: parts.count)
    every = max(1, network.spec.histogramEvery)
    buckets = observed.map { _ in BucketCounts() }
    heads = network.heads.map { ValueCounts(units: $0.shape.outputs) }
    batch = ObservedBatch(network, observed, every: every)
    tensors = TensorMonitor(network, parts.map(\.range))
    inputs = observed.map { layer in layer.inputs.map { _ in ValueCounts(units: layer.inputWidth) } }
  }

  /// A batch is about to go forward. One before it that was not kept is forgotten.
  func begin() {
    for layer in observed {
      layer.stats?.reset()
      layer.inputs?.reset()
    }
    batch.isOpen = true
  }

  /// Looks at the batch that has just gone forward.
  func observe() { batch.look(firstSample: untilSample) }

  /// Counts the batch: its step is applied.
  func keep() {
    guard batch.isOpen else { return }
    batch.isOpen = false
    let count = batch.rows
    rows += Int64(count)
    for (index, layer) in observed.enumerated() {
      let sampled = batch.sampledOutputs(ofLayer: index)
      network.kernels.countBuckets(
        rows: batch.samples, every: sampled.every, units: layer.units, sampled.rows, into: buckets[index])
    }
    for (index, layer) in observed.enumerated() {
      if let stats = layer.stats { totals[index]?.add(stats) }
      if let counts = layer.inputs { inputs[index]?.add(counts) }
    }
    for (place, head) in heads.enumerated() {
      // Of a class that is not known yet the logit says nothing: it is no output that died.
      head.add(
        batch.logits(ofHead: place), rows: count, units: batch.known[place], firstSample: untilSample, every: every,
        samples: batch.samples, network.kernels)
    }
    untilSample += batch.samples * every - count
  }

  /// Forgets the batch, unless it was kept: the records of a step that is made again are counted then, and those that were
  /// taken out of it are not.
  func forget() { batch.isOpen = false }

  /// Counts a segment's applied update.
  func count(segment: Int, change: Double) {
    if segment == 0 { steps += 1 }
    gradientSquares[segment] += pendingSquares[segment]
    updateNorms[segment] += change.squareRoot()
  }

  /// The window since the last take, without the batch in hand; begins a new one.
  func take() -> [LayerHealth] {
    var layers: [LayerHealth] = []
    for segment in segments.indices {
      var sketch = ActivationSketch()
      if let place = places[segment] {
        sketch = takeSketch(place)
      } else if let head = network.heads.firstIndex(where: { $0.shape.name == names[segment] }) {
        sketch = heads[head].take(units: network.heads[head].objective.known)
      }
      let start = network.parameters.pointer + segments[segment].lowerBound
      let weights = network.kernels.squaredNorm(
        count: segments[segment].count, start, inverseCount: 1, limit: .infinity)
      var sketches = tensors.take(segment, segments[segment], parameters: network.parameters.pointer)
      if let place = places[segment], let counts = inputs[place] { sketches.inputs = counts.take() }
      layers.append(
        LayerHealth(
          layer: names[segment], sketch: sketch, gradientSquaredNormSum: gradientSquares[segment], steps: steps,
          weightNorm: weights.squareRoot(), updateNormSum: updateNorms[segment], tensors: sketches))
    }
    steps = 0
    rows = 0
    gradientSquares.clear()
    updateNorms.clear()
    return layers
  }

  private func takeSketch(_ index: Int) -> ActivationSketch {
    let layer = observed[index]
    guard let stats = totals[index] else {
      var sketch = ActivationSketch(units: layer.units)
      sketch.count = rows * Int64(layer.units)
      return sketch
    }
    return stats.take(buckets[index], count: rows * Int64(layer.units), units: layer.units)
  }
}
