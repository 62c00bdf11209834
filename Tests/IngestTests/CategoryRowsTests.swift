import Ingest
import Pipelines
import Testing

@Suite("Rows of an edited category")
struct CategoryRowsTests {
  private func category(_ values: [String], buckets: Int, unknown: FeatureSettings.UnknownCategory = .hash)
    -> FeatureSettings
  {
    var feature = FeatureSettings(name: "k", type: .category)
    feature.values = values
    feature.buckets = buckets
    feature.unknown = unknown
    return feature
  }

  @Test("listed values keep their rows whatever their order, new ones begin afresh")
  func listed() {
    let old = category(["p", "q"], buckets: 6, unknown: .missing)
    let new = category(["q", "r", "p"], buckets: 7, unknown: .missing)
    let fresh = CategoryRows.fresh
    #expect(CategoryRows.origins(of: new, in: old) == [0, 2, fresh, 1, fresh, fresh, fresh])
  }

  @Test("a value that is listed from now on begins with the row that it shared by its hash, and hashed rows move along")
  func hashed() {
    let old = category([], buckets: 5)
    let new = category(["café"], buckets: 6)
    let row = bucket(ofCategory: "café", buckets: 5)
    #expect(CategoryRows.origins(of: new, in: old) == [0, row, 1, 2, 3, 4])
    // Composed otherwise it is the same value.
    #expect(CategoryRows.origins(of: category(["cafe\u{301}"], buckets: 6), in: old) == [0, row, 1, 2, 3, 4])
  }

  @Test("only categories that were edited are told of")
  func schemas() {
    let label = LabelSettings(path: "y")
    let (k, number) = (category(["p"], buckets: 4), FeatureSettings(name: "a", type: .float))
    let old = FeatureSchema(label: label, features: [k, number])
    #expect(CategoryRows.origins(from: old, to: FeatureSchema(label: label, features: [number, k])).isEmpty)
    let new = FeatureSchema(label: label, features: [category(["p", "q"], buckets: 5)])
    #expect(CategoryRows.origins(from: old, to: new) == ["k": [0, 1, 2 + UInt32(hashCategory("q") % 2), 2, 3]])
  }
}
