import Tensors

extension FrozenModel {
  /// Rounds weights as if they lay in eight bits each: symmetric, to the nearest of −127 … 127 steps, one scale a matrix, in
  /// tables one a row; biases, gains, temperatures, statistics and what members are worth stay as they are. Of a model that
  /// nobody else holds.
  ///
  /// - Source: Jacob et al. 2018, "Quantization and training of neural networks for efficient integer-arithmetic-only
  ///   inference".
  func roundToBytes() {
    switch self {
    case .network(let model): model.roundToBytes()
    case .recipe(let version): version.parameters.roundToBytes()
    }
  }
}

/// Elements that share a scale.
private func roundToBytes(_ places: some Sequence<Int>, of numbers: UnsafeMutablePointer<Float>) {
  var greatest: Float = 0
  for place in places where numbers[place].isFinite { greatest = max(greatest, abs(numbers[place])) }
  let step = greatest / 127
  guard step > 0 else { return }
  for place in places where numbers[place].isFinite { numbers[place] = (numbers[place] / step).rounded() * step }
}

private func roundRows(_ count: Int, width: Int, of numbers: UnsafeMutablePointer<Float>) {
  for row in 0..<count { roundToBytes(0..<width, of: numbers + row * width) }
}

extension ModelParameters {
  fileprivate func roundToBytes() {
    for block in layout.segments.flatMap(\.blocks) where block.role.isOfProducts {
      let places = (0..<block.inputs).lazy.flatMap { input in
        (0..<block.outputs).lazy.map { block.index(input, $0) }
      }
      Learning.roundToBytes(places, of: dense.pointer)
    }
    for table in tables.tables {
      roundRows(table.buckets, width: table.dimension, of: tables.weights.pointer + table.offset)
      guard table.isWide, tables.wideWidth > 0 else { continue }
      Learning.roundToBytes(0..<(table.buckets * tables.wideWidth), of: tables.wideRows(table))
    }
  }
}

extension ParameterBlock.Role {
  /// Whether it is a factor of the products that eight bits are for.
  fileprivate var isOfProducts: Bool {
    switch self {
    case .weight, .outputWeight, .wideWeight: true
    case .interaction, .bias, .gain, .offset, .slope, .temperature: false
    }
  }
}

extension RecipeParameters {
  fileprivate func roundToBytes() {
    for member in members {
      switch member {
      case .deep(let deep):
        roundRows(inputs.rowCount, width: DeepMember.first, of: deep.rows.pointer)
        let second = DeepMember.first * DeepMember.second
        Learning.roundToBytes(0..<second, of: deep.dense.pointer)
        let output = second + DeepMember.second
        Learning.roundToBytes(output..<(output + form.outputs * DeepMember.second), of: deep.dense.pointer)
      case .wide(let wide):
        Learning.roundToBytes(0..<(inputs.rowCount * form.outputs), of: wide.rows.pointer)
        Learning.roundToBytes(0..<wide.crosses.count, of: wide.crosses.pointer)
      case .near: break
      }
    }
  }
}
