"""Packagers of tests: they make their files at once."""

from collections.abc import Sequence

from domain.errors import ValidationFailed
from orchestration.producers.ports import PackageFile, PackageSubject


class MarkdownPackager:
    """Makes one file of each draft: its title and its body."""

    async def documents(self, subject: PackageSubject) -> Sequence[PackageFile]:
        draft = subject.draft
        content = f"# {draft.title}\n\n{draft.body}\n".encode()
        return [PackageFile(f"{draft.title}.md", "text/markdown", "md", content)]


class PackagerWithoutTheLast(MarkdownPackager):
    """Packages all drafts but the second."""

    async def documents(self, subject: PackageSubject) -> Sequence[PackageFile]:
        if subject.draft.title == "Post 1":
            raise ValidationFailed.at("draft", "is too long")
        return await super().documents(subject)


class PackagerOfFiles:
    """Makes the same files of each draft, of these contents."""

    def __init__(self, contents: Sequence[bytes]) -> None:
        self._contents = contents

    async def documents(self, _: PackageSubject) -> Sequence[PackageFile]:
        return [
            PackageFile(f"{number}.txt", "text/plain", "txt", content)
            for number, content in enumerate(self._contents)
        ]
