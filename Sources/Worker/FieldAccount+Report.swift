package import Health
package import Ingest
import Vocabulary

extension FieldAccount {
  /// The account by name, for people and tables.
  package func report(_ fields: [DeclaredField]) -> FieldReport {
    var report = FieldReport(records: records)
    report.fields = fields.enumerated().map { place, field in
      let counted = records - (since[place] ?? 0)
      return FieldReport.Field(
        name: field.name, path: field.path, isFeature: field.isFeature, isWeight: field.isWeight ? true : nil,
        total: FieldReport.Counts(records: counted),
        window: FieldReport.Counts(records: min(windowRecords, counted)))
    }
    for entry in entries {
      let field = entry.code.field
      if let field, !fields.indices.contains(field) { continue }
      switch (entry.code.notice, field) {
      case (.missing, let field?):
        report.fields[field].total.missing = entry.records
        report.fields[field].window.missing = entry.window
        report.fields[field].near = entry.example?.split(separator: "\n").map(String.init) ?? []
      case (.clipped, let field?):
        report.fields[field].total.clipped = entry.records
        report.fields[field].window.clipped = entry.window
      case (.unknown, let field?):
        report.fields[field].total.unknown = entry.records
        report.fields[field].window.unknown = entry.window
        report.fields[field].stranger = entry.example
      case (.wild, let field?):
        report.fields[field].total.wild = entry.records
        report.fields[field].window.wild = entry.window
        report.fields[field].wildExample = entry.example
      case (.delayed(let bucket), nil):
        if report.delays == nil { report.delays = FieldReport.Delays() }
        report.delays?.total.add(entry.records, bucket: bucket)
        report.delays?.window.add(entry.window, bucket: bucket)
      case (.rejected(let reason), _) where entry.records > 0:
        report.rejections.append(
          FieldReport.Rejection(
            field: field.map { fields[$0].name }, reason: reason.rawValue, records: entry.records, window: entry.window,
            example: entry.example))
      default: break
      }
    }
    report.rejections.sort { ($1.records, $0.reason, $0.field ?? "") < ($0.records, $1.reason, $1.field ?? "") }
    return report
  }

  /// The opposite, after a restart: a field that has come since, or is read from another path now, is counted anew.
  package init(_ report: FieldReport, _ fields: [DeclaredField]) {
    self.init()
    addKept(report.records)
    for (place, field) in fields.enumerated() {
      guard
        let known = report.fields.first(where: {
          $0.name == field.name && $0.path == field.path && $0.isFeature == field.isFeature
        })
      else {
        since[place] = report.records
        continue
      }
      if known.total.records < report.records { since[place] = report.records - known.total.records }
      let counts = known.total
      for (notice, count) in [
        (.missing, counts.missing), (.clipped, counts.clipped), (.unknown, counts.unknown), (.wild, counts.wild),
      ] as [(FieldNotice, Int64)] where count > 0 {
        add(FieldCode(field: place, notice), count)
      }
      if let example = known.wildExample { note(example, of: FieldCode(field: place, .wild)) }
      if let stranger = known.stranger { note(stranger, of: FieldCode(field: place, .unknown)) }
      if !known.near.isEmpty { note(known.near.joined(separator: "\n"), of: FieldCode(field: place, .missing)) }
    }
    for (bucket, count) in (report.delays?.total.counts ?? []).enumerated() where count > 0 {
      add(FieldCode(field: nil, .delayed(bucket)), count)
    }
    for rejection in report.rejections {
      // What was refused because of a field that is gone is kept as refused for the record's sake: the sums stay right.
      guard let reason = RejectReason(rawValue: rejection.reason) else { continue }
      let field = rejection.field.flatMap { name in fields.firstIndex { $0.name == name } }
      let code = FieldCode(field: field, .rejected(reason))
      add(code, rejection.records)
      guard let example = rejection.example else { continue }
      // Whose value it was is not known by the code any more.
      let gone = field == nil ? rejection.field : nil
      note((gone.map { "\($0): " } ?? "") + example, of: code)
    }
    beginWindow()
  }
}
