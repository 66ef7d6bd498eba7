"""Printed formulas evaluated with 80 digits, against which the regrouped ones of the package are held."""

from decimal import Decimal, localcontext

DIGITS = 80


def bessel_i0(z: Decimal) -> Decimal:
    term, total, k = Decimal(1), Decimal(1), 0
    while term > Decimal(10) ** -(DIGITS + 5):
        k += 1
        term *= (z / 2) ** 2 / k**2
        total += term
    return total


def mdi(eta_a, eta_b, dark, misalignment, mu_a, mu_b):
    """Gains and errors of both bases as Ma and Razavi print them: (Q_Z, E_Z, Q_X, E_X)."""
    with localcontext() as context:
        context.prec = DIGITS
        ea, eb, pd, ed, ma, mb = (Decimal(value) for value in (eta_a, eta_b, dark, misalignment, mu_a, mu_b))
        light, x = ea * ma + eb * mb, (ea * ma * eb * mb).sqrt() / 2
        y = (1 - pd) * (-light / 4).exp()
        quiet = 2 * (1 - pd) ** 2 * (-light / 2).exp()
        qc = quiet * (1 - (1 - pd) * (-ea * ma / 2).exp()) * (1 - (1 - pd) * (-eb * mb / 2).exp())
        qe = quiet * pd * (bessel_i0(2 * x) - (1 - pd) * (-light / 2).exp())
        qx = 2 * y**2 * (1 + 2 * y**2 - 4 * y * bessel_i0(x) + bessel_i0(2 * x))
        eqx = qx / 2 - 2 * (Decimal("0.5") - ed) * y**2 * (bessel_i0(2 * x) - 1)
        return tuple(float(v) for v in (qc + qe, (ed * qc + (1 - ed) * qe) / (qc + qe), qx, eqx / qx))
