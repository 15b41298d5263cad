"""The claims of X. Zhang, A. Palevski and A. Kapitulnik, "Anomalous metals: from failed superconductor to failed
insulator" (version of 24 January 2022), numbered in the order of its text."""

from typing import Any

from coldfinger.analysis.claims import methods, supplement, transport
from coldfinger.analysis.claims.claim import Claim, Evidence

CLAIMS = (
    Claim(1, "Eq. 1 describes the insulating side", "Results, Eq. 1", "chi²/nu", transport.eq1_fits),
    Claim(2, "Eq. 2 describes the superconducting side", "Results, Eq. 2", "chi²/nu", transport.eq2_fits),
    Claim(3, "S0 without field saturates near 6.2 kΩ", "Results", "ohm", transport.failed_superconductor_at_zero),
    Claim(4, "30 Oe turn the sign of dρ/dT of S0", "Results", "ohm", transport.thirty_oersted_flip),
    Claim(5, "S0: d²ρ/dT² changes sign near 0.2 K", "Results, Fig. 4a", "K", transport.curvature_changes_sign),
    Claim(6, "S0 at 600 Oe: no saturation down to base", "Results", "S", transport.no_saturation_at_600),
    Claim(7, "σ_QF of S0 falls with field to 600 Oe", "Results, Fig. 4a", "", transport.sigma_falls),
    Claim(8, "E_aI of S0: 0.3 K, peak below 0.6 K at 300 Oe, level", "Results", "", transport.activation_energy_peaks),
    Claim(9, "1/σ_QF of S0 reaches the order of 1 MΩ", "Results", "ohm", transport.order_of_a_megohm),
    Claim(10, "S1 superconducts below 0.4 K, S2 too", "Results", "K", transport.superconductors_at_zero_field),
    Claim(11, "failed superconductor below 400 Oe; S1 there saturates", "Results", "", transport.failed_below_400),
    Claim(12, "above 400 Oe: logarithm with a large prefactor", "Results", "BIC", transport.logarithm_above_400),
    Claim(13, "S1: Eq. 2 up to 300 Oe, Eq. 1 from 350 Oe", "Results", "", transport.sides_of_s1),
    Claim(14, "1/ρ_QF ∝ H^-0.45, σ_QF ∝ H^-4.7", "Results, Fig. 4b", "", transport.power_laws),
    Claim(
        15,
        "E_aS near 1.5 K, slowly down, sharp drop at H*",
        "Results, Fig. 4b",
        "K",
        transport.energy_drops_at_crossing,
    ),
    Claim(16, "E_a drops by a factor of 4", "Results, Discussion", "", transport.factor_of_four),
    Claim(17, "H* near 300 Oe, separating ρ near 6.5 kΩ", "Discussion", "", transport.separating_resistance),
    Claim(18, "0.1 to 1 nA, 0.7 to 7 Hz; linear at the highest ρ", "Methods", "", methods.linear_response),
    Claim(19, "rows more than 10 % off T_mc are dropped", "Methods", "", methods.lagging_rows_are_dropped),
    Claim(20, "ramps slow against the thermal time", "Methods", "", methods.ramps_are_slow),
    Claim(21, "filters, base temperature, on-chip RuO₂", "Methods", "", methods.filters),
    Claim(22, "fields up to 600 Oe only", "Results", "Oe", methods.fields_are_low),
    Claim(23, "grains of 0.03 and 0.5 µm, 6 nm a pixel", "Fig. 2, Fig. S1", "µm", supplement.two_grain_sizes),
    Claim(24, "positive MR, ρ_0 + A|H|^p", "Supplement, Fig. S2", "", supplement.positive_magnetoresistance),
    Claim(25, "white spectra; S0 peaks at 1.3 and 3 per Oe", "Supplement, Fig. S2", "1/Oe", supplement.spectrum),
    Claim(26, "ℓ_B of the peaks is 2 or 3 µm", "Supplement", "µm", supplement.magnetic_lengths),
    Claim(27, "dV/dI: I_c gone at 30 Oe, v-shape, then peak", "Supplement, Fig. S3", "A", supplement.slopes),
    Claim(28, "grains of 0.1 µm give the observed E_aI", "Results", "K", supplement.charging_energy),
    Claim(29, "ρ ≈ r_s in two dimensions", "Discussion", "", supplement.limiting_resistance),
    Claim(30, "G_x of the dual is R_y", "Discussion", "", supplement.duality),
    Claim(31, "four regimes, SQMT, QMIT and an avoided SIT", "Fig. 1", "", transport.phase_diagram),
)


def check_claims(evidence: Evidence) -> list[dict[str, Any]]:
    """One entry a claim, plain: id, text, source, unit, expected, tolerance, got, sd, holds, status, remark."""
    entries = []
    for claim in CLAIMS:
        found = claim.check(evidence)
        entries.append(
            {
                "id": claim.id,
                "text": claim.text,
                "source": claim.source,
                "unit": claim.unit,
                "expected": found.expected,
                "tolerance": found.tolerance,
                "got": found.got,
                "sd": found.sd,
                "holds": found.holds,
                "status": found.status,
                "remark": found.remark,
            }
        )
    return entries
