import Tensors

/// What the records of a step leave to be learned beside the dense gradient: one rank's share, or all ranks' together. One
/// thread at a time.
package final class StepShare {
  /// Gradients of the table rows that were touched.
  package let rows: SparseRows
  /// Of numbers and labels that are standardised.
  let moments: Moments
  /// Rows by which usual ranges are learned.
  let sample: RowSample
  /// Values that have no row of their own.
  let sightings: Sightings

  init(_ model: ModelParameters, batchCapacity: Int) {
    let tables = model.tables
    let width = tables.tables.reduce(0) { $0 + $1.slots.count * tables.gradientWidth($1) }
    rows = SparseRows(rowCapacity: batchCapacity * tables.valueCount, valueCapacity: batchCapacity * width)
    moments = Moments(columns: model.normalizer.running.columns)
    sample = RowSample(columns: model.normalizer.running.columns)
    sightings = Sightings(features: tables.dictionaries.count)
  }

  /// Of some of the rows: touched table rows and values join those of the whole, which is cleared for all its parts.
  init(partOf whole: StepShare) {
    rows = whole.rows
    moments = Moments(columns: whole.moments.columns)
    sample = RowSample(columns: whole.sample.columns)
    sightings = whole.sightings
  }

  func clear() {
    rows.clear()
    moments.clear()
    sample.clear()
    sightings.clear()
  }

  /// Becomes what another one is, which has no rows then.
  func take(_ other: StepShare) {
    rows.take(other.rows)
    moments.clear()
    moments.merge(other.moments)
    sample.copy(other.sample)
    sightings.copy(other.sightings)
  }
}
