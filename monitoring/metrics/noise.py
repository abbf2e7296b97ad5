"""What chance does to a comparison of two samples: noise floors, intervals and p-values of drift metrics."""

from __future__ import annotations

import numpy as np

from monitoring.arrays import Floats
from monitoring.counting.totals.comparisons import Comparisons
from monitoring.statistics.chance import chi_squared_quantiles, scipy_pvalue, spread, widened

#: Up to this many rows a side, scipy's exact distribution of the Kolmogorov-Smirnov statistic.
EXACT_KS_ROWS = 10_000
#: Below this the limiting p-value will do: scipy's exact one takes the longer the smaller it is.
NEGLIGIBLE_PVALUE = 1e-6


def divergence_floor(comparisons: Comparisons) -> Floats:
    """Return the 95 % point that 8 times a divergence in nats has when nothing has changed.

    (1/n + 1/m) chi-squared with one degree of freedom less than bins. A new sample also puts about
    2/(n + 1) of its rows beyond the reference's ends, where the divergence grows by half that share.

    Source:
        Yurdakul and Naranjo (2020), doi:10.21314/JRMV.2020.227; the ends by order statistics.
    """
    ends = comparisons.ends
    bins = comparisons.histogram.bins - ends
    beyond = (ends > 0) * 8 * np.log(2) / (comparisons.reference.n + 1)
    floor: Floats = comparisons.weight * chi_squared_quantiles(bins - 1) + beyond
    return floor


def delta_interval(
    value: Floats,
    comparisons: Comparisons,
    slopes: tuple[Floats, Floats],
    noise_floor: Floats,
    *,
    shares: tuple[Floats, Floats] | None = None,
    bounds: tuple[float, float],
) -> tuple[Floats, Floats]:
    """Return a 95 % interval of a function of two multinomial samples by the delta method.

    Its variance is Var_p(g)/n + Var_q(h)/m with the slopes g, h in p and q. Where nothing has
    changed the slopes vanish and the method is too sure of itself: below the noise floor the
    interval reaches from the lower bound to the floor.

    Args:
        value: The estimate, shape (features,).
        comparisons: For n and m.
        slopes: In p and in q, arrays of shape (features, bins).
        noise_floor: See `Measurement`.
        shares: p and q, as far as they differ from the histogram's.
        bounds: What the metric cannot leave.

    Source:
        Agresti (2013), Categorical Data Analysis, section 16.1.
    """
    p, q = shares or comparisons.histogram.shares
    variance = spread(p, slopes[0]) / comparisons.reference.n
    variance += spread(q, slopes[1]) / comparisons.production.n
    return widened(value, np.sqrt(variance), noise_floor, bounds=bounds)


def kolmogorov_smirnov_pvalues(statistic: Floats, comparisons: Comparisons) -> Floats:
    """Return the two-sided p-values of two-sample Kolmogorov-Smirnov statistics, shape (features,).

    Exact (scipy.stats.ks_2samp) up to 10,000 rows a side unless negligible, on the ranks that the
    cells leave; beyond, the limiting distribution with Vrbik's correction, within 0.0005 of scipy's.

    Source:
        Vrbik (2018), Small-sample corrections to Kolmogorov-Smirnov test statistic.
    """
    from scipy.special import kolmogorov  # noqa: PLC0415

    n, m = comparisons.reference.n, comparisons.production.n
    root = np.sqrt(1 / comparisons.weight)
    scaled = root * statistic
    pvalues: Floats = kolmogorov(scaled + 1 / (6 * root) + (scaled - 1) / (4 * root**2))
    exact = (np.maximum(n, m) <= EXACT_KS_ROWS) & (pvalues >= NEGLIGIBLE_PVALUE)
    for at in np.flatnonzero(exact):
        stacks = comparisons.reference, comparisons.production
        counts = [np.diff(stack.upto[at]) for stack in stacks]
        ranks = np.arange(len(counts[0]))
        pvalues[at] = scipy_pvalue(*(np.repeat(ranks, each) for each in counts))
    return pvalues
