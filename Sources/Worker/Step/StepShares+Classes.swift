import Ingest
import Pipelines
import Tensors
import Vocabulary

/// A row whose class can be none of the model's.
package struct RefusedClass: Sendable {
  package let partition: Int32
  package let offset: Int64
  /// nil: not known any more.
  package let name: String?
}

extension StepShares {
  /// The decoder's numbers of the step's labels become the model's outputs; what is not known waits.
  func resolveClasses() {
    guard let classes else { return }
    strangers.removeAll(keepingCapacity: true)
    for row in 0..<batch.count {
      let label = batch.labels + row * batch.labelCount
      guard !label[0].isNaN else { continue }
      let number = Int(label[0])
      if let place = classes.place(of: number) {
        label[0] = Float(place)
      } else {
        // In a step that is not learned; never a number that is no class.
        label[0] = 0
        strangers.append((row, number))
      }
    }
    settleStrangers()
  }

  /// Looks at the labels that wait once more: some are known by now, and some never will be.
  package func settleStrangers() {
    guard let classes, !strangers.isEmpty else { return }
    strangers.removeAll { row, number in
      if let place = classes.place(of: number) {
        batch.labels[row * batch.labelCount] = Float(place)
        return true
      }
      let name = classes.name(of: number)
      guard classes.isFull || !(name.map(ClassNames.accepts) ?? false) else { return false }
      let place = quarantine(row: row, as: .badLabel)
      refused.append(RefusedClass(partition: place.partition, offset: place.offset, name: name))
      return true
    }
  }

  /// What the others have to hear of, each name once, in the order of the records; as many as may become classes.
  package var sightings: [ClassSighting] {
    guard let classes else { return [] }
    var names: Set<String> = []
    var sightings: [ClassSighting] = []
    for (row, number) in strangers where sightings.count < classes.room {
      guard let name = classes.name(of: number), names.insert(name).inserted else { continue }
      let place = position(ofRow: row)
      sightings.append(ClassSighting(partition: place.partition, offset: place.offset, name: name))
    }
    return sightings
  }

  /// Rows that were taken out since the last call.
  package func takeRefused() -> [RefusedClass] {
    defer { refused.removeAll(keepingCapacity: true) }
    return refused
  }
}
