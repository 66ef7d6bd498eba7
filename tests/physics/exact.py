"""Printed formulas evaluated with 80 digits, against which the regrouped ones of the package are held."""

from decimal import Decimal, localcontext
from math import comb, factorial

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


def twin_field(root, dark, contrast, overlap, amplitude):
    """Curty, Azuma, Lo as printed, with t, cos(phi) cos(theta) and cos(theta) given: (p_XX, e_X, bound on e_Z)."""
    with localcontext() as context:
        context.prec = DIGITS
        t, pd, om, cos, alpha = (Decimal(value) for value in (root, dark, contrast, overlap, amplitude))
        g = t * alpha**2
        fringes = (-g * om).exp() + (g * om).exp()
        p = (1 - pd) / 2 * fringes * (-g).exp() - (1 - pd) ** 2 * (-2 * g).exp()
        e_x = ((-g * om).exp() - (1 - pd) * (-g).exp()) / (fringes - 2 * (1 - pd) * (-g).exp())

        def c(n):
            return (-(alpha**2) / 2).exp() * alpha**n / Decimal(factorial(n)).sqrt()

        def y(n, m):
            if n + m > 8:
                return Decimal(1)
            arriving = sum(
                comb(n, k) * comb(m, k) * (t * cos / 2) ** (2 * k) * (1 - t / 2) ** (n + m - 2 * k)
                for k in range(min(n, m) + 1)
            )
            return (1 - pd) * (arriving - (1 - pd) * (1 - t) ** (n + m))

        sums = [sum(c(n) * c(m) * y(n, m).sqrt() for n in range(j, 46, 2) for m in range(j, 46, 2)) for j in (0, 1)]
        return float(p), float(e_x), float(sum(total**2 for total in sums) / p)


def bbm92(eta_a, eta_b, background_a, background_b, misalignment, pairs):
    """Ma, Fung, Lo as printed: (Q, E)."""
    with localcontext() as context:
        context.prec = DIGITS
        values = (eta_a, eta_b, background_a, background_b, misalignment, pairs)
        ea, eb, ya, yb, ed, lam = (Decimal(value) for value in values)
        a, b, x = 1 + ea * lam, 1 + eb * lam, 1 + (ea + eb - ea * eb) * lam
        q = 1 - (1 - ya) / a**2 - (1 - yb) / b**2 + (1 - ya) * (1 - yb) / x**2
        eq = q / 2 - 2 * (Decimal("0.5") - ed) * ea * eb * lam * (1 + lam) / (a * b * x)
        return float(q), float(eq / q)


def gg02_holevo(transmittance, excess_noise, efficiency, electronic_noise, modulation_variance):
    """Holevo information of reverse reconciliation with homodyne detection as Lodewyck and others print it."""
    with localcontext() as context:
        context.prec = DIGITS
        values = (transmittance, excess_noise, efficiency, electronic_noise, modulation_variance)
        t, xi, eta, v_el, v_a = (Decimal(value) for value in values)
        v, line, hom = v_a + 1, 1 / t - 1 + xi, (1 + v_el) / eta - 1
        total = line + hom / t
        a = v**2 * (1 - 2 * t) + 2 * t + t**2 * (v + line) ** 2
        root_b = t * (v * line + 1)
        c = (v * root_b + t * (v + line) + a * hom) / (t * (v + total))
        d = root_b * (v + root_b * hom) / (t * (v + total))

        def entropy(total, product_squared):
            root = max(total**2 - 4 * product_squared, Decimal(0)).sqrt()
            bits = Decimal(0)
            for square in ((total + root) / 2, (total - root) / 2):
                x = (max(square, Decimal(1)).sqrt() - 1) / 2
                if x > 0:
                    bits += ((x + 1) * (x + 1).ln() - x * x.ln()) / Decimal(2).ln()
            return bits

        return float(entropy(a, root_b**2) - entropy(c, d))
