import Tensors

/// Where each layer's dense parameters lie in one vector; a pure function of the spec, the same on every rank.
struct ParameterLayout: Sendable {
  /// A dense layer: weights as panels [⌈outputs/16⌉][inputs][16], then bias and, with LayerNorm, gain and offset.
  struct Hidden: Sendable {
    let name: String
    let inputs, outputs: Int
    /// Index of the first element; gain and offset are nil without LayerNorm.
    let weights, bias: Int
    let gain, offset: Int?
    let range: Range<Int>

    /// Where weight (input, output) lies.
    func weight(_ input: Int, _ output: Int) -> Int {
      weights + ((output / 16) * inputs + input) * 16 + output % 16
    }
  }

  /// A layer with few outputs: weights [outputs][inputs rounded up to 16], then the bias, if any.
  struct Thin: Sendable {
    let name: String
    let inputs, outputs: Int
    let weights: Int
    let bias: Int?
    let range: Range<Int>

    func weight(_ input: Int, _ output: Int) -> Int { weights + output * paddedToLanes(inputs) + input }
  }

  let hidden: [Hidden]
  let output: Thin
  /// The wide part over the numeric inputs.
  let wide: Thin?
  /// Elements of the vector, a multiple of 16; what lies between layers' parameters is zero and stays so.
  let count: Int

  /// Columns of the network's input: embeddings first, then numbers, then missing indicators.
  let embeddingWidth, numericWidth: Int
  var inputWidth: Int { embeddingWidth + numericWidth }

  init(_ spec: LearnerSpec) {
    embeddingWidth = spec.categories.reduce(0) { $0 + $1.dimension }
    numericWidth = spec.numbers.count + spec.numbers.count { $0.missingIndicator }
    var next = 0
    func take(_ count: Int) -> Int {
      defer { next += paddedToLanes(count) }
      return next
    }
    var hidden: [Hidden] = []
    var width = embeddingWidth + numericWidth
    for (index, units) in spec.hidden.enumerated() {
      let start = next
      let weights = take(paddedToLanes(units) * width)
      let bias = take(units)
      let isNormalized = spec.normalization == .layerNorm
      let gain = isNormalized ? take(units) : nil
      let offset = isNormalized ? take(units) : nil
      hidden.append(
        Hidden(
          name: "hidden_\(index + 1)", inputs: width, outputs: units, weights: weights, bias: bias, gain: gain,
          offset: offset, range: start..<next))
      width = units
    }
    self.hidden = hidden
    let outputs = spec.outputCount
    var start = next
    let weights = take(outputs * paddedToLanes(width))
    let bias = take(outputs)
    output = Thin(
      name: "output", inputs: width, outputs: outputs, weights: weights, bias: bias, range: start..<next)
    if spec.wide && numericWidth > 0 {
      start = next
      let weights = take(outputs * paddedToLanes(numericWidth))
      wide = Thin(
        name: "wide", inputs: numericWidth, outputs: outputs, weights: weights, bias: nil, range: start..<next)
    } else {
      wide = nil
    }
    count = next
  }

  /// The layers in order, with the stretch of the vector that is theirs.
  var segments: [(name: String, range: Range<Int>)] {
    hidden.map { ($0.name, $0.range) } + [(output.name, output.range)] + (wide.map { [($0.name, $0.range)] } ?? [])
  }

  /// Indices of the real parameters in canonical order: per layer weights [inputs × outputs] row-major, bias, gain, offset.
  func forEachParameter(_ body: (_ layer: String, _ index: Int) -> Void) {
    for layer in hidden {
      for input in 0..<layer.inputs {
        for output in 0..<layer.outputs { body(layer.name, layer.weight(input, output)) }
      }
      for start in [layer.bias, layer.gain, layer.offset].compactMap({ $0 }) {
        for output in 0..<layer.outputs { body(layer.name, start + output) }
      }
    }
    for layer in [output, wide].compactMap({ $0 }) {
      for input in 0..<layer.inputs {
        for output in 0..<layer.outputs { body(layer.name, layer.weight(input, output)) }
      }
      if let bias = layer.bias {
        for output in 0..<layer.outputs { body(layer.name, bias + output) }
      }
    }
  }
}
