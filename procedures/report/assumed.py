"""What the numbers of a report rest on and no data of it can show, one sentence each."""

from coldfinger.analysis.across.family_fit import FitSettings
from coldfinger.analysis.fits.heating import COUPLING, POWER, VOLUME_PER_SQUARE


def assumptions(settings: FitSettings) -> list[str]:
    """Sentences for the page and the JSON; the sizes are those that were used."""
    field = (
        f"Every field is known to {settings.sd_field:g} Oe, common to all fields."
        if settings.sd_field
        else "The uncertainty of the field (remanence, supply) is taken as zero; --sd-field sets another."
    )
    return [
        "Errors of different rows are independent and Gaussian, of the size that the run states.",
        "Eq. 1 (ρ = 1/[σ_QF + σ_0 exp(−E_aI/T)]) or Eq. 2 (ρ = ρ_QF + ρ_0 exp(−E_aS/T)) holds in the whole window.",
        f"The correction for the conductance of the lock-in's input is known to {settings.loading_uncertainty:.0%}.",
        f"The thermometer's scale is known to {settings.temperature_scale:.1%}; this moves E_a alone.",
        "Where no heating test was made: electrons and phonons exchange Σ Ω (T_e^n − T^n) with "
        f"Σ = {COUPLING:g} W m⁻³ K⁻ⁿ, n = {POWER}, Ω = {VOLUME_PER_SQUARE:g} m³ per square.",
        field,
        "The number of squares between the voltage taps is exact: an error of it multiplies all ρ alike.",
        "h/4e² is drawn and compared with; it enters no fit.",
    ]


def settings_lines(settings: FitSettings) -> list[tuple[str, str]]:
    """Name and value of everything that was chosen."""
    return [
        ("window", f"{1e3 * settings.T_min:g} mK to {settings.T_max:g} K"),
        ("law", settings.law or "Eq. 1 or Eq. 2 by the sign of dρ/dT at each field"),
        ("spikes", "left out and named" if settings.robust else "kept"),
        ("uncertainty of the loading correction", f"{settings.loading_uncertainty:.0%}"),
        ("uncertainty of the temperature scale", f"{settings.temperature_scale:.1%}"),
        ("uncertainty of the field", f"{settings.sd_field:g} Oe"),
        ("other windows tried", "yes" if settings.scan else "no"),
    ]
