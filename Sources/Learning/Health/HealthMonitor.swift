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
  private let slots: [AlignedBuffer<UInt32>]
  /// Of each head's logits.
  private var outputSketches: [ActivationSketch]
  private let batch: ObservedBatch

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
    slots = observed.map { _ in AlignedBuffer(count: 4 * ActivationSketch.exponentSlotCount) }
    outputSketches = network.heads.map { ActivationSketch(units: $0.shape.outputs) }
    batch = ObservedBatch(network, observed, every: every)
  }

  /// A batch is about to go forward. One before it that was not kept is forgotten.
  func begin() {
    for layer in observed { layer.stats?.reset() }
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
    for sample in 0..<batch.samples {
      for (index, layer) in observed.enumerated() {
        TableKernels.countExponents(
          count: layer.units, batch.outputs(ofLayer: index, sample: sample), tables: slots[index].pointer)
      }
    }
    for (index, layer) in observed.enumerated() {
      if let stats = layer.stats { totals[index]?.add(stats) }
    }
    for head in outputSketches.indices { countOutput(head, count) }
    untilSample += batch.samples * every - count
  }

  /// Forgets the batch, unless it was kept: the records of a step that is made again are counted then, and those that were
  /// taken out of it are not.
  func forget() { batch.isOpen = false }

  private func countOutput(_ place: Int, _ count: Int) {
    // Of a class that is not known yet the logit says nothing: it is no output that died.
    let outputs = batch.known[place]
    var sample = untilSample
    for row in 0..<count {
      let isSampled = row == sample
      if isSampled { sample += every }
      let logits = batch.logits(ofHead: place, row: row)
      for output in 0..<outputs {
        outputSketches[place].add(logits[output], isSampled: isSampled)
        if logits[output] != 0 { outputSketches[place].unitActivity[output] += 1 }
      }
    }
  }

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
        sketch = outputSketches[head]
        sketch.unitActivity.removeSubrange(network.heads[head].objective.known...)
      }
      let weights = network.kernels.squaredNorm(
        count: segments[segment].count, network.parameters.pointer + segments[segment].lowerBound, inverseCount: 1,
        limit: .infinity)
      layers.append(
        LayerHealth(
          layer: names[segment], sketch: sketch, gradientSquaredNormSum: gradientSquares[segment], steps: steps,
          weightNorm: weights.squareRoot(), updateNormSum: updateNorms[segment]))
    }
    steps = 0
    rows = 0
    gradientSquares.clear()
    updateNorms.clear()
    outputSketches = network.heads.map { ActivationSketch(units: $0.shape.outputs) }
    return layers
  }

  private func takeSketch(_ index: Int) -> ActivationSketch {
    let layer = observed[index]
    let units = layer.units
    var sketch = ActivationSketch(units: units)
    sketch.count = rows * Int64(units)
    guard let stats = totals[index] else { return sketch }
    var active: Int64 = 0
    for unit in 0..<units {
      active += stats.active[unit]
      sketch.unitActivity[unit] = stats.active[unit]
      sketch.negatives += stats.negative[unit]
      sketch.saturated += stats.saturated[unit]
      sketch.nonFinite += stats.nonFinite[unit]
      sketch.minimum = min(sketch.minimum, stats.minimum[unit])
      sketch.maximum = max(sketch.maximum, stats.maximum[unit])
      sketch.sum += stats.sum[unit]
      sketch.sumOfSquares += stats.square[unit]
    }
    sketch.zeros = sketch.count - active
    let size = ActivationSketch.exponentSlotCount
    for part in 0..<4 {
      sketch.addExponentSlots(UnsafeBufferPointer(start: slots[index].pointer + part * size, count: size))
    }
    slots[index].clear()
    stats.reset()
    return sketch
  }
}
