"""Printing a slip: on a printer of this machine, or as a PDF file where none works."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QSizeF
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPainter
from PySide6.QtPdf import QPdfDocument
from PySide6.QtPrintSupport import QPrinter, QPrinterInfo

from desk.trouble import Trouble

PDF_FILE = "pdf-file"
DPI = 300
_MM_AN_INCH = 25.4


class NotPrinted(Trouble):
    """The printer did not take the sheet; it can be shown on the applicant's screen."""

    code = "PRINT-02"


class Printers:
    """The machine's print queues, and the folder for PDF files."""

    def __init__(self, wanted: str, folder: Path) -> None:
        self._wanted, self._folder = wanted, folder

    def names(self) -> tuple[str, ...]:
        """Queues first, the file last."""
        return (*QPrinterInfo.availablePrinterNames(), PDF_FILE)

    def preferred(self) -> str:
        """The queue of the settings, else the system's default, else the file."""
        names = self.names()
        for name in (self._wanted, QPrinterInfo.defaultPrinterName()):
            if name and name in names:
                return name
        return PDF_FILE

    def ready(self) -> str | None:
        """Name of a real printer, None where there is none."""
        name = self.preferred()
        return None if name == PDF_FILE else name

    def print(self, name: str, serial: str, pdf: bytes) -> Path | None:
        """Put the sheet on paper, or into a file whose path is returned. Raises NotPrinted."""
        if name != PDF_FILE:
            _on_paper(name, pdf)
            return None
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            target = self._folder / f"{serial}.pdf"
            target.write_bytes(pdf)
        except OSError as reason:
            raise NotPrinted(str(reason), printer=name) from reason
        return target


def _on_paper(name: str, pdf: bytes) -> None:
    document, data = QPdfDocument(), QByteArray(pdf)
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    document.load(buffer)
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setPrinterName(name)
    printer.setResolution(DPI)
    printer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait, QMarginsF()
        )
    )
    printer.setFullPage(True)
    painter = QPainter()
    if document.pageCount() == 0 or not painter.begin(printer):
        raise NotPrinted(printer=name)
    for page in range(document.pageCount()):
        if page:
            printer.newPage()
        painter.drawImage(0, 0, _page_image(document, page))
    painter.end()


def _page_image(document: QPdfDocument, page: int) -> QImage:
    size = QSizeF(document.pagePointSize(page)) * (DPI / 72)
    return document.render(page, size.toSize())
