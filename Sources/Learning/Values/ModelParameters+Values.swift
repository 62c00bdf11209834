public import Health
import Tensors

extension ModelParameters {
  /// What of each category's values is known, in the order of the spec.
  public var valueRows: [ValueRows] {
    zip(spec.categories, zip(tables.tables, tables.occupancies)).map { category, known in
      let (table, occupancy) = known
      let dictionary = table.dictionary.map { tables.dictionaries[$0] }
      let estimate = occupancy.estimate
      let own = dictionary?.count ?? 0
      let all = estimate.values + Double(own + category.listed)
      return ValueRows(
        feature: category.name, own: own, ownRows: category.ownRows, hashed: Int(estimate.values.rounded()),
        hashedRows: occupancy.hashed.count, sharing: all > 0 ? estimate.sharing * estimate.values / all : 0,
        displaced: dictionary?.displaced ?? 0)
    }
  }

  /// By what numbers are standardised, in the order of the spec.
  public var numberScales: [NumberScale] {
    spec.inputs.numbers.enumerated().filter(\.element.standardize).map { column, number in
      NumberScale(
        feature: number.name, count: normalizer.running.count[column], mean: normalizer.running.mean[column],
        deviation: normalizer.running.deviation(column))
    }
  }
}
