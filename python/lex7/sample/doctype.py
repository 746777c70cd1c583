"""The head of a health export as phones write it, document type and all.

The document type repeats a fault of the exports of iOS 16: the attribute list of
VisionPrescription is never closed, so that a strict XML reader refuses the whole file at its head.
"""

from __future__ import annotations

_RECORD = "sourceName! sourceVersion device creationDate startDate! endDate!"
_SHAPES = (
    ("HealthData", "(ExportDate,Me,(Record|Correlation|Workout|ActivitySummary|ClinicalRecord"
     "|Audiogram|VisionPrescription)*)", "locale!"),
    ("ExportDate", "EMPTY", "value!"),
    ("Me", "EMPTY", "HKCharacteristicTypeIdentifierDateOfBirth! "
     "HKCharacteristicTypeIdentifierBiologicalSex! HKCharacteristicTypeIdentifierBloodType! "
     "HKCharacteristicTypeIdentifierFitzpatrickSkinType! "
     "HKCharacteristicTypeIdentifierCardioFitnessMedicationsUse!"),
    ("Record", "((MetadataEntry|HeartRateVariabilityMetadataList)*)",
     "type! unit value " + _RECORD),
    ("Correlation", "((MetadataEntry|Record)*)", "type! " + _RECORD),
    ("Workout", "((MetadataEntry|WorkoutEvent|WorkoutRoute|WorkoutStatistics)*)",
     "workoutActivityType! duration durationUnit totalDistance totalDistanceUnit "
     "totalEnergyBurned totalEnergyBurnedUnit " + _RECORD),
    ("WorkoutActivity", "((MetadataEntry)*)", "uuid! startDate! endDate duration durationUnit"),
    ("WorkoutEvent", "((MetadataEntry)*)", "type! date! duration durationUnit"),
    ("WorkoutStatistics", "EMPTY", "type! startDate! endDate! average minimum maximum sum unit"),
    ("WorkoutRoute", "((MetadataEntry|FileReference)*)", _RECORD),
    ("FileReference", "EMPTY", "path!"),
    ("ActivitySummary", "EMPTY", "dateComponents activeEnergyBurned activeEnergyBurnedGoal "
     "activeEnergyBurnedUnit appleMoveTime appleMoveTimeGoal appleExerciseTime "
     "appleExerciseTimeGoal appleStandHours appleStandHoursGoal"),
    ("MetadataEntry", "EMPTY", "key! value!"),
    ("HeartRateVariabilityMetadataList", "(InstantaneousBeatsPerMinute*)", ""),
    ("InstantaneousBeatsPerMinute", "EMPTY", "bpm! time!"),
    ("ClinicalRecord", "EMPTY", "type! identifier! sourceName! sourceURL! fhirVersion! "
     "receivedDate! resourceFilePath!"),
    ("Audiogram", "((MetadataEntry|SensitivityPoint)*)", "type! " + _RECORD),
    ("SensitivityPoint", "EMPTY", "frequencyValue! frequencyUnit! leftEarValue leftEarUnit "
     "rightEarValue rightEarUnit"),
    ("VisionPrescription", "((RightEye|LeftEye|Attachment|MetadataEntry)*)",
     "type! dateIssued! expirationDate brand"),
    ("RightEye", "EMPTY", "sphere sphereUnit cylinder cylinderUnit axis axisUnit"),
    ("LeftEye", "EMPTY", "sphere sphereUnit cylinder cylinderUnit axis axisUnit"),
    ("Attachment", "EMPTY", "identifier"),
)  # fmt: skip
_NEVER_CLOSED = "VisionPrescription"


def export_head() -> str:
    """Return the XML declaration and the document type, with its known fault."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        "<!DOCTYPE HealthData [",
        "<!-- HealthKit Export Version: 14 -->",
    ]
    for element, content, attributes in _SHAPES:
        lines.append(f"<!ELEMENT {element} {content}>")
        if attributes:
            lines.append(f"<!ATTLIST {element}")
            lines += [_attribute(name) for name in attributes.split()]
            if element != _NEVER_CLOSED:
                lines.append(">")
    return "\n".join([*lines, "]>", ""])


def _attribute(name: str) -> str:
    need = "#REQUIRED" if name.endswith("!") else "#IMPLIED"
    return f"  {name.rstrip('!'):<22} CDATA {need}"
