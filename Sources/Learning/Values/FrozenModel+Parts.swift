import Tensors

/// The parameters of a layer, a table or a member, by a name that means the same in every model of one spec.
public struct ModelPart: Sendable {
  public let name: String
  /// In an order that is the same in every model of one spec.
  public let numbers: [Float]
}

extension FrozenModel {
  /// All parameters, part by part; without what only the optimiser remembers.
  public var parts: [ModelPart] {
    switch self {
    case .network(let model): model.parts
    case .recipe(let version): version.parameters.parts
    }
  }
}

extension ModelParameters {
  fileprivate var parts: [ModelPart] {
    var parts: [ModelPart] = []
    var (name, numbers): (String?, [Float]) = (nil, [])
    func close() {
      if let name { parts.append(ModelPart(name: name, numbers: numbers)) }
      numbers = []
    }
    layout.forEachParameter { layer, index in
      if layer != name {
        close()
        name = layer
      }
      numbers.append(dense[index])
    }
    close()
    for table in tables.tables {
      let count = table.buckets * table.dimension
      if count > 0 {
        parts.append(
          ModelPart(
            name: "embedding.\(table.name)",
            numbers: (0..<count).map { tables.weights[table.offset + $0] }))
      }
      guard table.isWide, tables.wideWidth > 0 else { continue }
      let wide = tables.wideRows(table)
      parts.append(
        ModelPart(name: "wide.\(table.name)", numbers: (0..<(table.buckets * tables.wideWidth)).map { wide[$0] }))
    }
    return parts
  }
}

extension RecipeParameters {
  /// Rows of values stand in the order in which these were met: they are the same only where the streams were.
  fileprivate var parts: [ModelPart] {
    func numbers(_ buffer: AlignedBuffer<Float>, _ count: Int? = nil) -> [Float] {
      (0..<(count ?? buffer.count)).map { buffer[$0] }
    }
    var parts: [ModelPart] = []
    for (place, member) in members.enumerated() {
      let name = plan[place].name
      switch member {
      case .deep(let deep):
        parts.append(ModelPart(name: name, numbers: numbers(deep.dense)))
        parts.append(
          ModelPart(name: "\(name), rows", numbers: numbers(deep.rows, inputs.rowCount * DeepMember.first)))
      case .wide(let wide):
        parts.append(ModelPart(name: "\(name), pairs", numbers: numbers(wide.crosses)))
        parts.append(ModelPart(name: "\(name), rows", numbers: numbers(wide.rows, inputs.rowCount * form.outputs)))
      case .near: break
      }
    }
    return parts
  }
}
