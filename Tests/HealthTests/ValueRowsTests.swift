import Health
import Testing

@Suite("What is told of a category's values")
struct ValueRowsTests {
  private func sentences(own: Int = 0, ownRows: Int = 0, sharing: Double = 0, displaced: Int = 0) -> [String] {
    ValueRows(
      feature: "carrier", own: own, ownRows: ownRows, hashed: 40, hashedRows: 63, sharing: sharing,
      displaced: displaced
    ).sentences { "\($0)" }
  }

  @Test("nothing while values have room")
  func silence() { #expect(sentences(own: 51, ownRows: 1024, sharing: 0.1, displaced: 900).isEmpty) }

  @Test("that values share rows, that their own are all taken, that a flood comes")
  func told() {
    #expect(
      sentences(sharing: 0.31) == [
        "feature carrier: about 31 % of its values share a row with another; more `buckets` or declared `values` help"
      ])
    #expect(sentences(own: 64, ownRows: 64).first?.contains("all 64 are taken") == true)
    #expect(sentences(own: 64, ownRows: 64).first?.contains("`values` lists those that are not") == true)
    for rows in [64, 1024] {
      let flood = sentences(own: 3, ownRows: rows, displaced: 5000)
      #expect(flood.first?.contains("5000 values hardly came again") == true)
    }
  }

  @Test("a report of an older program has none, and one that has them stays as it is")
  func report() {
    let field = FieldReport.Field(
      name: "carrier", path: "x.carrier", isFeature: true, total: FieldReport.Counts(records: 100))
    let report = FieldReport(records: 100, fields: [field])
    #expect(report.fields[0].values == nil)
    let values = ValueRows(
      feature: "carrier", own: 0, ownRows: 0, hashed: 40, hashedRows: 63, sharing: 0.5, displaced: 0)
    let told = report.with([values])
    #expect(told.fields[0].values == values)
    #expect(told.warnings(limits: HealthLimits()) { "\($0)" }.contains { $0.contains("about 50 %") })
  }
}
