"""Routes: put a document in, get it out."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response, UploadFile

from server.engine.documents import accept_document
from server.errors import NotFound
from server.http import examples, models
from server.http.context import HostPart
from server.http.problems import problem_responses
from server.storage.documents import Document, find_document

router = APIRouter(prefix="/v1/documents", tags=["documents"])

DocumentId = Annotated[str, Path(pattern=r"^sha256:[0-9a-f]{64}$")]


@router.post(
    "",
    status_code=201,
    response_model=models.Document,
    responses={201: examples.response(examples.DOCUMENT), **problem_responses(413, 415, 422, 503)},
    openapi_extra={"requestBody": examples.FILE_BODY},
)
async def post_document(host: HostPart, response: Response, file: UploadFile) -> Any:
    """Store a file. Its id is the digest of its content, so storing it twice is storing it once."""
    content = await file.read()
    id_ = await accept_document(
        host.database, content, name=file.filename or "", limit=host.settings.max_document_bytes
    )
    response.headers["Location"] = f"/v1/documents/{id_}"
    return await _get_document(host, id_)


@router.get(
    "/{id}",
    response_class=Response,
    responses={
        200: {"content": {"application/xml": {}, "application/pdf": {}}, "description": "the file"},
        **problem_responses(404, 422, 503),
    },
)
async def get_document(host: HostPart, id: DocumentId) -> Response:  # noqa: A002  the path says {id}
    """Download a document, always as an attachment: it came from outside."""
    document = await _get_document(host, id)
    return Response(
        document.content,
        media_type=document.media_type,
        headers={"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"},
    )


async def _get_document(host: HostPart, id_: str) -> Document:
    async with host.database.transaction() as connection:
        if document := await find_document(connection, id_):
            return document
    raise NotFound(f"there is no document {id_}")
