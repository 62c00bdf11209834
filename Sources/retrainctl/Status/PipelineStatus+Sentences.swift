import Registry

extension PipelineStatus.Incident {
  /// What happened, in one sentence.
  var what: String { sentence.text(count: Wording.count) }

  /// How many records it is about; nil: it does not say.
  var records: Int64? { sentence.records }

  private var sentence: IncidentSentence {
    IncidentSentence(kind: kind, namesRecords: !positions.isEmpty, layer: layer, details: details)
  }
}
