import Kafka
import Pipelines
import Registry
import Vocabulary
import Worker

/// The records that an incident names, as the log has them, or the dead-letter topic, which keeps them when the log no longer does.
struct IncidentRecords: Sendable {
  enum Source: String, Codable, Sendable {
    case log
    case deadLetters = "dead_letters"
  }

  struct Found: Sendable {
    let position: RecordPosition
    let value: [UInt8]
    let source: Source
  }

  let configuration: KafkaConfiguration
  let source: SourceSettings

  /// Only looks: no group commits an offset, nothing is written.
  ///
  /// - Parameter isSameStream: The topic is the one that the incident is of; else its offsets mean other records.
  /// - Returns: In the order of the positions; and, in words, why one is missing.
  func read(
    _ positions: [RecordPosition], isSameStream: Bool, until deadline: Deadline
  ) async throws -> (found: [Found], missing: String?) {
    var found: [RecordPosition: Found] = [:]
    var reasons: [String] = []
    if isSameStream {
      for (_, part) in Dictionary(grouping: positions, by: \.topic) {
        do {
          let answer = try await RecordFetch.read(part, configuration: configuration, until: deadline)
          for (position, copy) in answer.copies {
            found[position] = Found(position: position, value: copy.value, source: .log)
          }
        } catch let error as KafkaError where error.code == .unknownTopic {
          reasons.append("the topic \(part[0].topic) is not there")
        }
      }
    } else {
      reasons.append("the topic was made anew since, so its offsets mean other records")
    }
    let rest = positions.filter { found[$0] == nil }
    if !rest.isEmpty {
      if reasons.isEmpty { reasons.append("the log no longer has it") }
      do {
        for (position, value) in try await letters(of: rest, until: deadline) {
          found[position] = Found(position: position, value: value, source: .deadLetters)
        }
      } catch let error as KafkaError where error.code == .unknownTopic {
        reasons.append("there is no dead-letter topic \(source.effectiveDeadLetterTopic)")
      }
      if rest.contains(where: { found[$0] == nil }), reasons.count == 1 {
        reasons.append("the dead-letter topic has no whole copy of it")
      }
    }
    let all = positions.compactMap { found[$0] }
    return (all, all.count < positions.count ? reasons.joined(separator: ", and ") : nil)
  }

  /// A letter that was cut is no record.
  private func letters(of positions: [RecordPosition], until deadline: Deadline) async throws -> [RecordPosition:
    [UInt8]]
  {
    let places = Dictionary(
      positions.map { ("\($0.topic)/\($0.partition)@\($0.offset)", $0) }, uniquingKeysWith: { first, _ in first })
    let reader = DeadLetterReader(
      configuration: configuration, topic: source.effectiveDeadLetterTopic, id: nil)
    let (letters, _) = try await reader.newest(
      4 * positions.count, reason: .nonFinite, places: Set(places.keys), until: deadline)
    var found: [RecordPosition: [UInt8]] = [:]
    for letter in letters where letter.originalBytes == nil {
      guard let position = letter.place.flatMap({ places[$0] }) else { continue }
      found[position] = Array(letter.value.utf8)
    }
    return found
  }
}
