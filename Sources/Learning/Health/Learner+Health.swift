import Health
import Tensors

extension Learner {
  /// Each layer's window since the last take; begins a new one.
  public func takeHealth() -> [LayerHealth] { withArithmeticMode { monitor.take() } }

  /// The first layer or table that holds a NaN or an infinity; nil: all parameters are numbers.
  public func firstNonFiniteParameter() -> String? { network.firstNonFiniteParameter() }
}

extension Network {
  func firstNonFiniteParameter() -> String? {
    for segment in layout.segments {
      for index in segment.range where !parameters[index].isFinite { return segment.name }
    }
    for table in tables.tables {
      for index in 0..<(table.buckets * table.dimension) where !tables.weights[table.offset + index].isFinite {
        return "embedding.\(table.name)"
      }
      if table.isWeighted { continue }
      let wide = tables.wideRows(table)
      for index in 0..<(table.buckets * tables.wideWidth) where !wide[index].isFinite { return "wide.\(table.name)" }
    }
    return nil
  }
}
